import { expect, test, vi } from 'vitest'
import { systemEnv } from '../../../src/core/index.js'
import type { MakeParts } from '../../../src/testing/index.js'
import { check } from '../../../src/testing/index.js'
import { galleryEntry } from '../gallery/gallery.js'

const { correct, kinds, objects } = galleryEntry('crash between two writes')

test('a check ends when its time is up, and says after how much', async () => {
  const report = await check(correct, { kinds, objects, executions: 1_000_000, timeMs: 200 })
  expect(report.executions).toBeLessThan(1_000_000)
  expect(report.bounds).toMatch(
    /^the time was up after \d+ executions, in [\d.]+ s, of: \d+ planned at rest; \d+ exe/,
  )
})

test('a check whose executions are given takes its time, and as many on every machine', async () => {
  const { executions, bounds } = await check(correct, { kinds, objects, executions: 10 })
  expect([executions, bounds.startsWith('5 planned at rest; 5 executions')]).toEqual([13, true])
})

test('progress is told, with what was looked at so far', async () => {
  const told: number[] = []
  const progress = ({ executions }: { executions: number }): void => void told.push(executions)
  await check(correct, { kinds, objects, executions: 1_000_000, timeMs: 1_500, progress })
  expect(told.length).toBeGreaterThan(0)
  expect(told).toEqual([...told].sort((a, b) => a - b))
})

/** How long vitest waits for a test by default. */
const VITEST_MS = 5_000

/** What a check finds by default, on a machine on which each start of a process takes so long. */
async function foundWhereEachStartTakes(startMs: number): Promise<{ runs: number; tookMs: number }> {
  const { buggy } = galleryEntry('crash between two writes')
  let tookMs = 0
  const clock = vi.spyOn(systemEnv.clock, 'monotonic').mockImplementation(() => tookMs)
  const slow: MakeParts = env => {
    tookMs += startMs
    return buggy(env)
  }
  try {
    const failure: unknown = await check(slow, { kinds, objects }).catch((error: unknown) => error)
    const [, runs] = /made shorter in (\d+) runs/.exec(String(failure)) ?? []
    return { runs: Number(runs), tookMs }
  } finally {
    clock.mockRestore()
  }
}

test('a finding is made simpler as long as there is time, and is told before a test of vitest is over', async () => {
  const atEase = await foundWhereEachStartTakes(1)
  expect(atEase.tookMs).toBeLessThan(VITEST_MS / 10)
  for (const startMs of [60, 100]) {
    const { runs, tookMs } = await foundWhereEachStartTakes(startMs)
    expect(runs).toBeLessThan(atEase.runs)
    expect(tookMs).toBeGreaterThan(0.8 * VITEST_MS)
    expect(tookMs).toBeLessThan(VITEST_MS)
  }
})
