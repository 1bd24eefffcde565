import { expect, test } from 'vitest'
import { createScheduler } from '../../../src/scheduling/index.js'
import { WaitingTasks } from '../../../src/scheduling/shell/waiting-tasks.js'

test('further attempts for one task are put off, longer each time', () => {
  const scheduler = createScheduler()
  scheduler.addNode({ name: 'n', allocatable: { cpu: 1 } })
  const waiting = new WaitingTasks({ baseMs: 100, maxMs: 250 })
  const request = { key: 'a', requests: { cpu: 1 } }
  const delays = [1, 2, 3, 4, 5].map(() => {
    waiting.failed({ key: 'a', version: 'v', request, nowMs: 0 })
    expect(waiting.judge('a', 'v', 0)).toEqual({ kind: 'sleep' })
    expect(waiting.wake({ kind: 'node', node: 'n' }, scheduler)).toEqual(['a'])
    const verdict = waiting.judge('a', 'v', 0)
    return verdict.kind === 'later' ? verdict.afterMs : 0
  })
  expect(delays).toEqual([0, 100, 200, 250, 250])
  expect(waiting.judge('a', 'another', 0)).toEqual({ kind: 'try' })
})
