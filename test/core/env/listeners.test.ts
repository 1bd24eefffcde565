import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createListeners } from '../../../src/core/internal.js'

const fail = (error: unknown): never => {
  throw error
}

describe('listeners', () => {
  test('calls those that were there at the start and are not cancelled yet, in order: as a list of marked entries does', () => {
    // Each listener, when called, cancels some others and adds one more.
    const plans = fc.array(
      fc.record({ cancels: fc.array(fc.nat(7), { maxLength: 3 }), adds: fc.boolean() }),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(plans, plan => {
        const listeners = createListeners<number>({ onError: fail })
        const called: number[] = []
        const cancels: (() => void)[] = []
        for (const [index, { cancels: others, adds }] of plan.entries()) {
          cancels.push(
            listeners.add(() => {
              called.push(index)
              for (const other of others) cancels[other]?.()
              if (adds) listeners.add(() => called.push(-1))
            }),
          )
        }
        const gone = new Set<number>()
        const expected: number[] = []
        for (const [index, { cancels: others }] of plan.entries()) {
          if (gone.has(index)) continue
          expected.push(index)
          for (const other of others) gone.add(other)
        }
        listeners.emit(1)
        expect(called).toEqual(expected)
        const added = expected.filter(index => plan[index]?.adds).length
        expect(listeners.size).toBe(plan.filter((_, index) => !gone.has(index)).length + added)
      }),
    )
  })

  test('an error goes to the hook and the others are called', () => {
    const errors: unknown[] = []
    const heard: number[] = []
    const listeners = createListeners<number>({ onError: error => errors.push(error) })
    listeners.add(() => fail('bad'))
    listeners.add(value => heard.push(value))
    listeners.emit(7)
    expect([errors, heard]).toEqual([['bad'], [7]])
  })

  test('so does what the promise of an asynchronous one is rejected with', async () => {
    const errors: unknown[] = []
    const listeners = createListeners<number>({ onError: error => errors.push(error) })
    const reject = (value: number): never => Promise.reject(value) as never
    listeners.add(reject)
    listeners.add(reject)
    listeners.emit(7)
    await Promise.resolve()
    expect(errors).toEqual([7, 7])
  })

  test('a listener added during an emit hears a nested one, and not the outer one', () => {
    const listeners = createListeners<number>({ onError: fail })
    const heard: number[] = []
    listeners.add(value => {
      if (value !== 1) return
      listeners.add(inner => heard.push(inner))
      listeners.emit(2)
    })
    listeners.emit(1)
    expect(heard).toEqual([2])
  })

  test('one function added twice is called twice; cancelling is idempotent and takes one', () => {
    const listeners = createListeners<number>({ onError: fail })
    const heard: number[] = []
    const listener = (value: number): void => void heard.push(value)
    const cancel = listeners.add(listener)
    listeners.add(listener)
    listeners.emit(1)
    cancel()
    cancel()
    listeners.emit(2)
    listeners.clear()
    listeners.emit(3)
    expect(heard).toEqual([1, 1, 2])
  })

  test('holds at most listenersMax', () => {
    const listeners = createListeners<number>({ onError: fail, listenersMax: 1 })
    const cancel = listeners.add(() => {})
    expect(() => listeners.add(() => {})).toThrow(expect.objectContaining({ code: 'TooLarge' }))
    cancel()
    listeners.add(() => {})
    expect(listeners.size).toBe(1)
  })
})
