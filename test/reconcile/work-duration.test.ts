import { expect, test } from 'vitest'
import type { Metrics } from '../../src/core/index.js'
import { createEnv, systemEnv } from '../../src/core/index.js'
import { createController } from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { ref, Widget } from '../fixtures/kinds.js'

const KEYS = 200
const SLOW = 150

test('how long a key was worked on is told of the key that took long, among others that took next to nothing', async () => {
  const worked: number[] = []
  let nowMs = 0
  const metrics: Metrics = {
    ...systemEnv.metrics,
    histogram: name => ({
      record: seconds => {
        if (name === 'workqueue_work_duration_seconds') worked.push(seconds)
      },
    }),
  }
  const clock = { ...systemEnv.clock, monotonic: () => nowMs }
  const env = createEnv({ clock, metrics })
  let runs = 0
  const controller = createController({
    name: 'w',
    for: Widget,
    reconcile: () => {
      nowMs += runs++ === SLOW ? 2_000 : 0.001
    },
  })
  await controller.start(createStore({ kinds: [Widget] }).client(env))
  for (let at = 0; at < KEYS; at++) controller.enqueue(ref(`w${at}`))
  await expect.poll(() => runs).toBe(KEYS)
  await controller.stop()
  expect(worked.map(seconds => seconds > 1)).toEqual(Array.from({ length: KEYS }, (_, at) => at === SLOW))
})
