import { array, assert, boolean, constantFrom, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createCheckRestart,
  createOutlierDetection,
  createTtlCheck,
} from '../../../src/discovery/health/index.js'

const hosts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']

describe('outlier detection', () => {
  test('failures in a row eject a host, longer each time, and good sweeps are forgotten one by one', () => {
    const outliers = createOutlierDetection({ consecutiveFailures: 3, successRateMinHosts: 0 })
    outliers.update(hosts)
    const fail = (nowMs: number): unknown =>
      Array.from({ length: 3 }, () => outliers.observe('a', false, nowMs)).flat()
    expect([outliers.observe('a', false, 0), outliers.observe('a', true, 0)]).toEqual([[], []])
    expect(fail(0)).toEqual([{ kind: 'ejected', host: 'a', forMs: 30_000, reason: 'ConsecutiveFailures' }])
    expect([...outliers.ejected()]).toEqual(['a'])
    expect(outliers.sweep(29_999)).toEqual([])
    expect(outliers.sweep(30_000)).toEqual([{ kind: 'returned', host: 'a' }])
    expect(fail(30_000)).toMatchObject([{ forMs: 60_000 }])
    outliers.sweep(90_000)
    outliers.sweep(100_000)
    outliers.sweep(110_000)
    expect(fail(110_000)).toMatchObject([{ forMs: 30_000 }])
  })

  test('a success rate far below that of the others ejects, if there are enough hosts and requests', () => {
    const sweepOf = (count: number, requests: number): unknown => {
      const outliers = createOutlierDetection({ consecutiveFailures: 0 })
      const some = hosts.slice(0, count)
      outliers.update(some)
      for (const host of some)
        for (let i = 0; i < requests; i++) outliers.observe(host, host !== 'c' || i % 2 === 0, 0)
      return outliers.sweep(10_000)
    }
    expect(sweepOf(10, 100)).toMatchObject([{ kind: 'ejected', host: 'c', reason: 'SuccessRate' }])
    expect([sweepOf(4, 100), sweepOf(10, 99)]).toEqual([[], []])
  })

  test('never more are out than allowed beyond the first, whoever fails; who is gone is forgotten', () => {
    const step = record({
      host: constantFrom(...hosts, 'unknown'),
      ok: boolean(),
      afterMs: integer({ min: 0, max: 20_000 }),
      sweep: boolean(),
    })
    assert(
      property(array(step, { maxLength: 80 }), integer({ min: 0, max: 100 }), (steps, maxEjectionPercent) => {
        const outliers = createOutlierDetection({ consecutiveFailures: 2, maxEjectionPercent })
        outliers.update(hosts)
        const max = Math.max(1, Math.ceil((hosts.length * maxEjectionPercent) / 100))
        let nowMs = 0
        const out = new Set<string>()
        for (const { host, ok, afterMs, sweep } of steps) {
          nowMs += afterMs
          const events = [...outliers.observe(host, ok, nowMs), ...(sweep ? outliers.sweep(nowMs) : [])]
          for (const event of events) {
            if (event.kind === 'ejected') out.add(event.host)
            if (event.kind === 'returned') out.delete(event.host)
          }
          expect(outliers.ejected()).toEqual(out)
          expect(out.size).toBeLessThanOrEqual(max)
        }
        outliers.update(['z'])
        expect(outliers.ejected().size).toBe(0)
      }),
      { numRuns: 30 },
    )
  })
})

describe('check restart', () => {
  const limits = { limit: 3, intervalMs: 10_000, graceMs: 5_000 }
  type Status = 'passing' | 'warning' | 'critical'
  const restartsAt = (
    options: Parameters<typeof createCheckRestart>[0],
    ...observed: readonly (readonly [atMs: number, status: Status])[]
  ): number | undefined => {
    const checks = createCheckRestart(options)
    let state = checks.initial(0)
    for (const [atMs, status] of observed) {
      state = checks.step(state, { atMs, status })
      if (state.restart) return atMs
    }
    return undefined
  }
  const failing: readonly (readonly [number, Status])[] = [0, 5_000, 15_000, 24_999, 25_000].map(atMs => [
    atMs,
    'critical',
  ])

  test('a task is restarted when its check has failed for interval · (limit − 1) after the grace time', () => {
    expect(restartsAt(limits, ...failing)).toBe(25_000)
    expect(restartsAt({ ...limits, limit: 1 }, ...failing)).toBe(5_000)
    expect(restartsAt({ ...limits, limit: 0 }, ...failing)).toBeUndefined()
  })

  test('a success in between forgets what was; a warning is a failure unless it is ignored', () => {
    const warned = failing.with(2, [15_000, 'warning'])
    expect(restartsAt(limits, ...failing.with(2, [15_000, 'passing']))).toBeUndefined()
    expect(restartsAt(limits, ...warned)).toBe(25_000)
    expect(restartsAt({ ...limits, ignoreWarnings: true }, ...warned)).toBeUndefined()
  })
})

test('a TTL check is critical until it is reported to, and again after its time without a report', () => {
  const check = createTtlCheck(1_000)
  expect(check.status(0)).toBe('critical')
  check.report('warning', 500)
  expect([check.status(1_500), check.status(1_501)]).toEqual(['warning', 'critical'])
  check.report('passing', 2_000)
  expect(check.status(2_000)).toBe('passing')
})

test.each([
  ['outlier detection', () => createOutlierDetection({ maxEjectionPercent: 101 }), 'maxEjectionPercent'],
  [
    'outlier detection',
    () => createOutlierDetection({ successRateDeviations: Number.NaN }),
    'successRateDeviations',
  ],
  ['check restart', () => createCheckRestart({ limit: -1, intervalMs: 1 }), 'limit'],
  ['TTL check', () => createTtlCheck(0), 'ttlMs'],
])('%s refuses what is out of bounds, by name', (_what, make, field) => {
  expect(make).toThrow(expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(field) }))
})
