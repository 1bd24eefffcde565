import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TurnClock } from '../../src/reconcile/queue/turn-clock.js'

interface World {
  readonly clock: TurnClock
  readonly time: { nowMs: number; reads: number }
}

function open(): World {
  const time = { nowMs: 1_000, reads: 0 }
  const monotonic = (): number => {
    time.reads++
    return time.nowMs
  }
  return { clock: new TurnClock({ monotonic }), time }
}

test('calls that follow each other closely share readings', () => {
  const { clock, time } = open()
  for (let call = 0; call < 64_000; call++) clock.now()
  expect(time.reads).toBeLessThan(1_010)
})

test('calls that are apart are exact', () => {
  const { clock, time } = open()
  for (let call = 0; call < 1_000; call++) {
    time.nowMs += 0.06
    expect(clock.now()).toBe(time.nowMs)
  }
})

test('the first call of a turn is exact', async () => {
  const { clock, time } = open()
  for (let turn = 0; turn < 20; turn++) {
    for (let call = 0; call < turn; call++) clock.now()
    await Promise.resolve()
    time.nowMs += 5
    expect(clock.now()).toBe(time.nowMs)
    await Promise.resolve()
  }
})

test('time never goes back, and lags by fewer than 64 calls', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 0, 0.01, 0.1, 3), { maxLength: 400 }), steps => {
      const { clock, time } = open()
      const recent: number[] = []
      let before = Number.NEGATIVE_INFINITY
      for (const step of steps) {
        time.nowMs += step
        recent.push(time.nowMs)
        const now = clock.now()
        expect(now).toBeGreaterThanOrEqual(before)
        expect(recent.slice(-64)).toContain(now)
        before = now
      }
    }),
  )
})
