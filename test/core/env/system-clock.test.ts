import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSystemClock } from '../../../src/core/env/system-clock.js'
import { createFakeHost } from './fake-host.js'

const invalid = expect.objectContaining({ code: 'Invalid' })

describe('system clock', () => {
  test('fires in the order of due times, ties in the order of arming, cancelled ones never', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ ms: fc.nat(20), cancel: fc.boolean() })), timers => {
        const host = createFakeHost()
        const clock = createSystemClock(host)
        const fired: number[] = []
        const cancels = timers.map(({ ms }, index) => clock.after(ms, () => fired.push(index)))
        for (const [index, { cancel }] of timers.entries()) if (cancel) cancels[index]?.()
        while (host.jump());
        const expected = [...timers.entries()]
          .filter(([, { cancel }]) => !cancel)
          .sort(([i, a], [j, b]) => a.ms - b.ms || i - j)
          .map(([index]) => index)
        expect(fired).toEqual(expected)
      }),
    )
  })

  test('re-arms beyond the range of the host and fires at the exact time', () => {
    const host = createFakeHost()
    const clock = createSystemClock(host)
    const ms = 2 ** 31 * 3 + 5
    let firedAt: number | undefined
    clock.after(ms, () => {
      firedAt = host.time
    })
    const delays: number[] = []
    do delays.push(host.armed[0]?.delayMs ?? -1)
    while (host.jump() && firedAt === undefined)
    expect(firedAt).toBe(ms)
    expect(Math.max(...delays)).toBeLessThanOrEqual(2 ** 31 - 1)
  })

  test('never fires early when the host does', () => {
    const host = createFakeHost()
    const clock = createSystemClock(host)
    let fired = false
    clock.after(10.4, () => {
      fired = true
    })
    expect(host.armed[0]?.delayMs).toBe(11)
    host.time = 10.3
    host.armed.shift()?.fn()
    expect(fired).toBe(false)
    host.time = 10.4
    host.armed.shift()?.fn()
    expect(fired).toBe(true)
  })

  test('keeps no host timer once the last timer is cancelled', () => {
    const host = createFakeHost()
    const clock = createSystemClock(host)
    const cancels = [clock.after(5, () => {}), clock.after(1, () => {}), clock.after(9, () => {})]
    expect(host.armed).toHaveLength(1)
    for (const cancel of cancels) cancel()
    expect(host.armed).toHaveLength(0)
    for (const cancel of cancels) cancel()
  })

  test('gives a timer armed by a callback its own turn, even with no delay', () => {
    const host = createFakeHost()
    const clock = createSystemClock(host)
    let rounds = 0
    const again = (): void => {
      rounds++
      if (rounds < 5) clock.after(0, again)
    }
    clock.after(0, again)
    host.turn()
    expect(rounds).toBe(1)
    while (host.jump());
    expect(rounds).toBe(5)
  })

  test('a callback that throws does not stop the others', () => {
    const host = createFakeHost()
    const clock = createSystemClock(host)
    const fired: string[] = []
    clock.after(1, () => {
      throw new Error('first')
    })
    clock.after(1, () => fired.push('second'))
    expect(() => host.jump()).toThrow('first')
    while (host.jump());
    expect(fired).toEqual(['second'])
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, -0.001])('refuses a delay of %s', async ms => {
    const host = createFakeHost()
    const clock = createSystemClock(host)
    expect(() => clock.after(ms, () => {})).toThrow(invalid)
    await expect(clock.sleep(ms)).rejects.toEqual(invalid)
    expect(host.armed).toHaveLength(0)
  })

  test('sleep ends with the reason of an abort, and leaves neither timer nor listener', async () => {
    const host = createFakeHost()
    const clock = createSystemClock(host)
    const controller = new AbortController()
    const sleeping = clock.sleep(1000, controller.signal)
    controller.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
    await expect(clock.sleep(1000, controller.signal)).rejects.toThrow('enough')
    expect(host.armed).toHaveLength(0)
  })

  test('reads the wall clock and the monotonic clock of the host', () => {
    const host = createFakeHost()
    host.time = 5
    const clock = createSystemClock(host)
    expect([clock.now(), clock.monotonic()]).toEqual([1_000_005, 5])
  })
})
