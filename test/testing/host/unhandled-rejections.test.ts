import { afterEach, beforeEach, expect, test } from 'vitest'
import { hearRejections } from '../../../src/testing/host/unhandled-rejections.js'

type Raw = NodeJS.UnhandledRejectionListener

const EVENT = 'unhandledRejection'
let before: readonly Raw[] = []

/** Those of the test runner would fail the run. */
beforeEach(() => {
  before = process.rawListeners(EVENT) as Raw[]
  process.removeAllListeners(EVENT)
})

afterEach(() => {
  process.removeAllListeners(EVENT)
  for (const listener of before) process.on(EVENT, listener)
})

/** As the host tells it. */
function reject(reason: string): void {
  process.emit(EVENT, reason, Promise.resolve())
}

test('a rejection is of the scope that claimed last; after its end, of the program', () => {
  const heard: string[] = []
  process.on(EVENT, reason => heard.push(`program: ${String(reason)}`))
  const one = hearRejections(reason => heard.push(`one: ${String(reason)}`))
  const two = hearRejections(reason => heard.push(`two: ${String(reason)}`))
  one.claim()
  reject('a')
  two.claim()
  reject('b')
  one.close()
  reject('c')
  two.close()
  reject('d')
  expect(heard).toEqual(['one: a', 'two: b', 'two: c', 'program: d'])
})

test('what the scope that claimed last leaves behind is of the program, while others are open', () => {
  const heard: string[] = []
  process.on(EVENT, reason => heard.push(`program: ${String(reason)}`))
  const one = hearRejections(reason => heard.push(`one: ${String(reason)}`))
  const two = hearRejections(reason => heard.push(`two: ${String(reason)}`))
  two.claim()
  two.close()
  reject('late')
  one.close()
  expect(heard).toEqual(['program: late'])
})

test('the program has its listeners back as they were: one that hears once hears once', () => {
  let heard = 0
  process.once(EVENT, () => heard++)
  const was = process.rawListeners(EVENT)
  for (let round = 0; round < 2; round++) {
    const scope = hearRejections(() => {})
    expect(process.listenerCount(EVENT)).toBe(1)
    scope.close()
    expect(process.rawListeners(EVENT)).toEqual(was)
  }
  reject('first')
  expect(process.listenerCount(EVENT)).toBe(0)
  expect(heard).toBe(1)
})
