import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSeededRandom } from '../../src/core/index.js'
import type { KeyHistory, RateLimiter } from '../../src/reconcile/index.js'
import {
  bucketLimiter,
  createWorkQueue,
  decorrelatedJitterLimiter,
  exponentialLimiter,
  fastSlowLimiter,
  giveUpLimiter,
  maxOfLimiter,
  maxWaitLimiter,
} from '../../src/reconcile/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'

const noFailures: KeyHistory = { failures: 0, conflicts: 0 }
const after = (failures: number): KeyHistory => ({ failures, conflicts: 0 })
const constant = (ms: number): RateLimiter => ({ delay: () => ({ ms }) })

describe('a bucket', () => {
  const shape = fc.record({
    perSecond: fc.constantFrom(1, 7, 10, 1000),
    burst: fc.integer({ min: 1, max: 5 }),
  })
  const operation = fc.oneof(
    fc.constant({ name: 'ask' as const, value: 0 }),
    fc.record({ name: fc.constant('refund' as const), value: fc.nat(30) }),
    fc.record({ name: fc.constant('advance' as const), value: fc.constantFrom(1, 30, 100, 250, 1000) }),
  )

  test('lets through at most burst + rate · t in any t seconds, whatever is given back', () => {
    fc.assert(
      fc.property(shape, fc.array(operation, { maxLength: 80 }), ({ perSecond, burst }, operations) => {
        let now = 0
        const limiter = bucketLimiter({ perSecond, burst, maxWaitMs: 1e9, clock: { monotonic: () => now } })
        const waits: { endsAt: number; refund: (() => void) | undefined }[] = []
        for (const { name, value } of operations) {
          if (name === 'advance') now += value
          if (name === 'ask') {
            const { ms, refund } = limiter.delay(noFailures)
            waits.push({ endsAt: now + ms, refund })
          }
          // A wait may be given back late: the delay of a key can be longer than what the bucket asks for.
          const [wait] = name === 'refund' ? waits.splice(value, 1) : []
          wait?.refund?.()
        }
        const ends = waits.map(wait => wait.endsAt).sort((a, b) => a - b)
        for (const [first, start] of ends.entries())
          for (const [last, end] of ends.entries()) {
            if (last < first) continue
            expect(last - first + 1).toBeLessThanOrEqual(burst + ((end - start) / 1000) * perSecond + 1e-6)
          }
      }),
      { numRuns: 300 },
    )
  })

  test('is as before when everything is given back at once, the latest first or the earliest first', () => {
    for (const backwards of [true, false]) {
      const limiter = bucketLimiter({
        perSecond: 10,
        burst: 3,
        maxWaitMs: 1e9,
        clock: { monotonic: () => 5 },
      })
      const ask = (): number[] => Array.from({ length: 6 }, () => limiter.delay(noFailures).ms)
      const refunds = Array.from({ length: 6 }, () => limiter.delay(noFailures).refund)
      for (const refund of backwards ? refunds.toReversed() : refunds) refund?.()
      expect(ask()).toEqual([0, 0, 0, 100, 200, 300])
    }
  })

  test('gives a returned time to the next who asks', () => {
    const limiter = bucketLimiter({ perSecond: 1, burst: 1, maxWaitMs: 1e9, clock: { monotonic: () => 0 } })
    const delays = Array.from({ length: 4 }, () => limiter.delay(noFailures))
    expect(delays.map(delay => delay.ms)).toEqual([0, 1000, 2000, 3000])
    delays[1]?.refund?.()
    expect([limiter.delay(noFailures).ms, limiter.delay(noFailures).ms]).toEqual([1000, 4000])
  })

  test('cuts waits at maxWaitMs without taking a token', () => {
    let now = 0
    const limiter = bucketLimiter({
      perSecond: 1,
      burst: 1,
      maxWaitMs: 1500,
      clock: { monotonic: () => now },
    })
    const ask = (): number => limiter.delay(noFailures).ms
    expect([ask(), ask(), ask(), ask()]).toEqual([0, 1000, 1500, 1500])
    now = 1_000
    expect(ask()).toBe(1_000)
  })
})

describe('the others', () => {
  test('decorrelated jitter stays between the base and three times the delay before it, and depends on it', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(100_000), fc.nat(), (baseMs, delayMs, seed) => {
        const maxMs = baseMs + 50_000
        const limiter = decorrelatedJitterLimiter({ baseMs, maxMs, random: createSeededRandom(seed) })
        const { ms } = limiter.delay({ failures: 1, conflicts: 0, delayMs })
        expect(ms).toBeGreaterThanOrEqual(baseMs)
        expect(ms).toBeLessThanOrEqual(Math.min(maxMs, Math.max(baseMs, 3 * delayMs)))
      }),
    )
  })

  test('decorrelated jitter of a first failure is the base; keys spread from then on', () => {
    const queue = createWorkQueue({
      env: createVirtualEnv(),
      limiter: decorrelatedJitterLimiter({ baseMs: 10, random: createSeededRandom(1) }),
    })
    const keys = ['a', 'b', 'c', 'd']
    expect(keys.map(key => queue.addRateLimited(key))).toEqual([10, 10, 10, 10])
    expect(new Set(keys.map(key => queue.addRateLimited(key))).size).toBe(4)
  })

  test('fast/slow, longest of several, at most so long', () => {
    const fastSlow = fastSlowLimiter({ fastMs: 5, slowMs: 900, fastMax: 2 })
    expect([0, 1, 2, 3].map(failures => fastSlow.delay(after(failures)).ms)).toEqual([5, 5, 900, 900])
    const both = maxOfLimiter(fastSlow, exponentialLimiter({ baseMs: 10, maxMs: 10_000 }))
    expect([0, 1, 2, 9].map(failures => both.delay(after(failures)).ms)).toEqual([10, 20, 900, 5120])
    expect(maxWaitLimiter(both, 100).delay(after(9)).ms).toBe(100)
  })

  test('giving up outlives every bound, and no budget is used for it', () => {
    const limiter = maxWaitLimiter(giveUpLimiter(constant(3), 2), 1)
    expect([0, 1, 2].map(failures => limiter.delay(after(failures)).ms)).toEqual([1, 1, Infinity])
  })

  test('the queue does not want a key that its limiter gives up', async () => {
    const env = createVirtualEnv()
    const queue = createWorkQueue({ env, limiter: giveUpLimiter(constant(3), 1) })
    expect([queue.addRateLimited('a'), queue.cancel('a'), queue.addRateLimited('a')]).toEqual([
      3,
      true,
      Infinity,
    ])
    expect(queue.inspect('a')).toMatchObject({ state: 'resting', failures: 2 })
  })

  test('a refund reaches every limiter that is asked', () => {
    const given: number[] = []
    const counted = (id: number): RateLimiter => ({ delay: () => ({ ms: id, refund: () => given.push(id) }) })
    maxOfLimiter(counted(1), constant(7), counted(2)).delay(noFailures).refund?.()
    expect(given).toEqual([1, 2])
  })

  test('a token is given back when the key runs before its delay has ended, and not when it waits it out', async () => {
    const env = createVirtualEnv()
    const bucket = bucketLimiter({ perSecond: 1, burst: 1, maxWaitMs: 60_000, clock: env.clock })
    const queue = createWorkQueue({ env, limiter: bucket })
    queue.addRateLimited('first')
    expect(queue.addRateLimited('a')).toBe(1_000)
    queue.add('a')
    expect(queue.addRateLimited('b')).toBe(1_000)
    await env.advance(1_000)
    queue.cancel('b')
    expect(queue.addRateLimited('c')).toBe(1_000)
  })
})

test.each([
  ['perSecond', () => bucketLimiter({ perSecond: 0, maxWaitMs: 1 })],
  ['burst', () => bucketLimiter({ burst: 0.5, maxWaitMs: 1 })],
  ['maxWaitMs', () => bucketLimiter({ maxWaitMs: Number.POSITIVE_INFINITY })],
  ['factor', () => exponentialLimiter({ factor: 0.5 })],
  ['maxMs', () => decorrelatedJitterLimiter({ baseMs: 5, maxMs: 4, random: createSeededRandom(1) })],
  ['slowMs', () => fastSlowLimiter({ fastMs: 1, slowMs: -1, fastMax: 1 })],
  ['fastMax', () => fastSlowLimiter({ fastMs: 1, slowMs: 1, fastMax: -1 })],
  ['limiters', () => maxOfLimiter()],
  ['maxMs', () => maxWaitLimiter(constant(1), Number.NaN)],
  ['retriesMax', () => giveUpLimiter(constant(1), 1.5)],
])('a limiter with a bad %s is refused', (field, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(field) }))
})
