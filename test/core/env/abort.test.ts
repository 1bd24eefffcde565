import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { abortable, anySignal, withDeadline } from '../../../src/core/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length
const never = new Promise<never>(() => {})

describe('abortable', () => {
  test('passes on the outcome of the promise and removes its listener', async () => {
    const { signal } = new AbortController()
    expect(await abortable(Promise.resolve(1), signal)).toBe(1)
    await expect(abortable(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
    await Promise.resolve()
    expect(listeners(signal)).toBe(0)
    expect(await abortable(Promise.resolve(2))).toBe(2)
  })

  test('rejects with the reason, whether it comes later or was there before', async () => {
    const controller = new AbortController()
    const waiting = abortable(never, controller.signal)
    expect(listeners(controller.signal)).toBe(1)
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await expect(abortable(never, controller.signal)).rejects.toBe('enough')
    expect(listeners(controller.signal)).toBe(0)
  })

  test('a late failure of an abandoned promise is not unhandled', async () => {
    const controller = new AbortController()
    let fail: (error: Error) => void = () => {}
    const work = new Promise<never>((_, reject) => {
      fail = reject
    })
    const waiting = abortable(work, controller.signal)
    controller.abort('enough')
    fail(new Error('late'))
    await expect(waiting).rejects.toBe('enough')
    await new Promise(resolve => setImmediate(resolve))
  })
})

describe('any signal', () => {
  test('aborts once, with the reason of the first, and lets go of all', () => {
    const [a, b] = [new AbortController(), new AbortController()]
    const any = anySignal([a.signal, undefined, b.signal])
    expect([any.signal.aborted, listeners(a.signal), listeners(b.signal)]).toEqual([false, 1, 1])
    b.abort('b')
    a.abort('a')
    expect([any.signal.reason, listeners(a.signal), listeners(b.signal)]).toEqual(['b', 0, 0])
  })

  test('is aborted from the start when one is', () => {
    const live = new AbortController()
    const any = anySignal([live.signal, AbortSignal.abort('gone')])
    expect([any.signal.aborted, any.signal.reason, listeners(live.signal)]).toEqual([true, 'gone', 0])
  })

  test('never aborts once cleared, nor when made of nothing', () => {
    const source = new AbortController()
    const any = anySignal([source.signal])
    any.clear()
    source.abort()
    expect([any.signal.aborted, anySignal([]).signal.aborted]).toEqual([false, false])
  })
})

describe('with deadline', () => {
  test('aborts exactly at the deadline, with code Timeout, and lets go of the parent', async () => {
    const env = createVirtualEnv()
    const parent = new AbortController()
    const { signal } = withDeadline(env.clock, 100, parent.signal)
    await env.advance(99)
    expect(signal.aborted).toBe(false)
    await env.advance(1)
    expect(signal.reason).toMatchObject({ code: 'Timeout', details: { ms: 100 } })
    expect(listeners(parent.signal)).toBe(0)
  })

  test('aborts with the parent, and leaves no timer', () => {
    const env = createVirtualEnv()
    const parent = new AbortController()
    const { signal } = withDeadline(env.clock, 100, parent.signal)
    parent.abort('stop')
    expect([signal.reason, env.pending()]).toEqual(['stop', []])
    expect(withDeadline(env.clock, 100, parent.signal).signal.reason).toBe('stop')
    expect(env.pending()).toEqual([])
  })

  test('clear leaves neither timer nor listener', async () => {
    const env = createVirtualEnv()
    const parent = new AbortController()
    const deadline = withDeadline(env.clock, 100, parent.signal)
    deadline.clear()
    expect([env.pending(), listeners(parent.signal)]).toEqual([[], 0])
    await env.advance(200)
    expect(deadline.signal.aborted).toBe(false)
  })

  test('refuses a deadline that is no time', () => {
    expect(() => withDeadline(createVirtualEnv().clock, -1)).toThrow(
      expect.objectContaining({ code: 'Invalid' }),
    )
  })
})
