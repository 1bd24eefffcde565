import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatTime } from '../../../src/core/index.js'
import type { RecommendationRecord } from '../../../src/workloads/autoscaler/stabilization.js'
import { noteRecommendation, stabilize, windowsAt } from '../../../src/workloads/autoscaler/stabilization.js'

const SYNC_MS = 15_000

/** Keeps each recommendation with its time, as Kubernetes does in memory. */
test('what is kept gives the answers of all recommendations, one by one', () => {
  const histories = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 })
  const seconds = fc.integer({ min: 0, max: 20 }).map(count => count * 15)
  fc.assert(
    fc.property(histories, seconds, seconds, (history, upSeconds, downSeconds) => {
      let record: RecommendationRecord = {}
      let current = 5
      const all: { replicas: number; time: string }[] = []
      for (const [at, desired] of history.entries()) {
        const nowMs = 1_000_000 + at * SYNC_MS
        const windows = windowsAt({ upMs: upSeconds * 1000, downMs: downSeconds * 1000 }, nowMs)
        record = noteRecommendation(record, desired, windows, SYNC_MS)
        const known = stabilize({ current, desired }, record.recommendations ?? [], windows)
        expect(known).toBe(stabilize({ current, desired }, all, windows))
        expect(record.recommendations?.length ?? 0).toBeLessThanOrEqual(18)
        all.push({ replicas: desired, time: formatTime(nowMs) })
        current = known
      }
    }),
    { numRuns: 200, seed: 1 },
  )
})

test('one that is said again changes nothing', () => {
  const windows = (nowMs: number) => windowsAt({ upMs: 0, downMs: 300_000 }, nowMs)
  const first = noteRecommendation({}, 3, windows(1_000_000), SYNC_MS)
  expect(noteRecommendation(first, 3, windows(9_000_000), SYNC_MS)).toEqual(first)
})
