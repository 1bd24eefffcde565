import { expect, test } from 'vitest'
import type { ScaleEvent } from '../../../src/api/index.js'
import { formatTime, parseTime } from '../../../src/core/index.js'
import { boundedScaleEvents } from '../../../src/workloads/autoscaler/scale-events.js'

const STEP_MS = 10
const START_MS = 1_800_000_000_000

/** A thousand changes, 10 ms apart, each noted after those before it were bounded. */
function manyChanges(change: number) {
  const all: ScaleEvent[] = []
  let kept: readonly ScaleEvent[] = []
  let most = 0
  const nowMs = START_MS + 1_000 * STEP_MS
  for (let at = 1; at <= 1_000; at += 1) {
    const atMs = START_MS + at * STEP_MS
    const event = { change, time: formatTime(atMs) }
    all.push(event)
    kept = boundedScaleEvents([...kept, event], atMs)
    most = Math.max(most, kept.length)
  }
  return { all, kept, most, nowMs }
}

test.each([1, -1])('changes of %s every 10 ms are kept as 256, and no period forgets one', change => {
  const { all, kept, most, nowMs } = manyChanges(change)
  expect(most).toBe(256)
  expect(kept.reduce((sum, event) => sum + event.change, 0)).toBe(1_000 * change)
  /** What a policy of that period counts. */
  const counted = (events: readonly ScaleEvent[], periodMs: number): number =>
    events
      .filter(({ time }) => parseTime(time) > nowMs - periodMs)
      .reduce((sum, event) => sum + Math.abs(event.change), 0)
  for (const periodMs of [100, 1_000, 3_000, 9_000]) {
    expect(counted(kept, periodMs)).toBeGreaterThanOrEqual(counted(all, periodMs))
    expect(counted(kept, periodMs)).toBeLessThanOrEqual(counted(all, periodMs * 1.1))
  }
})

test('changes of the same moment are one, and those of before stay as they are', () => {
  const old = Array.from({ length: 250 }, (_, at) => ({ change: 1, time: formatTime(START_MS + at * 1000) }))
  const time = formatTime(START_MS + 300_000)
  const fresh = Array.from({ length: 50 }, () => ({ change: 1, time }))
  const kept = boundedScaleEvents([...old, ...fresh], START_MS + 301_000)
  expect(kept).toHaveLength(256)
  expect(kept.slice(0, 250)).toEqual(old)
})
