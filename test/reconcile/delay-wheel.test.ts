import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { DelayWheel } from '../../src/reconcile/queue/delay-wheel.js'
import { KeyRecord } from '../../src/reconcile/queue/key-record.js'

const DAY = 86_400_000
const delay = fc.oneof(
  fc.double({ min: 0.001, max: 200, noNaN: true }),
  fc.integer({ min: 1, max: 10 * 4_096 }),
  fc.integer({ min: 1, max: 40 }).map(slots => slots * 64),
  fc.integer({ min: 1, max: 30 * DAY }),
  fc.constantFrom(64, 4_096, 262_144, 16_777_216, 800 * DAY, 3_000 * DAY, 1e300),
)
const call = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('push' as const), ms: delay }) },
  fc.record({
    does: fc.constant('advance' as const),
    which: fc.nat(),
    by: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ does: fc.constant('remove' as const), which: fc.nat() }),
  { weight: 2, arbitrary: fc.record({ does: fc.constant('pass' as const), ms: delay }) },
)

type Call = typeof call extends fc.Arbitrary<infer T> ? T : never

interface Waiting {
  readonly record: KeyRecord<number>
  readonly nth: number
  at: number
}

const NEVER = Number.POSITIVE_INFINITY

/** A wheel beside a list that is sorted after every call. */
function compare(startMs: number, calls: readonly Call[]): void {
  const wheel = new DelayWheel<number>()
  const waiting: Waiting[] = []
  let now = startMs
  let made = 0
  const passTo = (untilMs: number): void => {
    for (let next = wheel.shift(untilMs); next !== undefined; next = wheel.shift(untilMs))
      expect(next).toBe(waiting.shift()?.record)
    expect(waiting[0]?.at ?? NEVER).toBeGreaterThan(untilMs)
  }
  const change = (known: Waiting, step: Call): void => {
    if (step.does === 'advance') {
      known.at = Math.min(known.at, now + (known.at - now) * step.by)
      wheel.advance(known.record, known.at)
      return
    }
    expect([wheel.remove(known.record), wheel.remove(known.record)]).toEqual([true, false])
    waiting.splice(waiting.indexOf(known), 1)
  }
  for (const step of calls) {
    if (step.does === 'push') {
      const record = new KeyRecord(made)
      wheel.push(record, now + step.ms, now)
      waiting.push({ record, at: now + step.ms, nth: made++ })
    } else if (step.does === 'pass') {
      now += Math.min(step.ms, 4_000 * DAY)
      passTo(now)
    } else {
      const known = waiting[step.which % Math.max(1, waiting.length)]
      if (known !== undefined) change(known, step)
    }
    waiting.sort((a, b) => a.at - b.at || a.nth - b.nth)
    expect([wheel.size, wheel.firstMs]).toEqual([waiting.length, waiting[0]?.at ?? NEVER])
  }
  for (const { at } of [...waiting]) passTo(at)
  expect(wheel.size).toBe(0)
}

test('a wheel gives what a sorted list gives, over milliseconds and over years', () => {
  const start = fc.double({ min: 0, max: 1e9, noNaN: true })
  const calls = fc.array(call, { maxLength: 60, size: 'max' })
  fc.assert(fc.property(start, calls, compare), { numRuns: 150 })
})
