import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLifecycle } from '../../../src/core/index.js'

describe('lifecycle', () => {
  test('closes in reverse, one after another, each once, and reports every failure', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ fails: fc.boolean(), slow: fc.boolean() })), async parts => {
        const lifecycle = createLifecycle('server')
        const log: string[] = []
        for (const [index, { fails, slow }] of parts.entries()) {
          lifecycle.add(async () => {
            log.push(`begin ${index}`)
            if (slow) for (let hop = 0; hop < 5; hop++) await Promise.resolve()
            log.push(`end ${index}`)
            if (fails) throw index
          })
        }
        const outcome = await lifecycle.close().then(
          () => [],
          error => (error as AggregateError).errors,
        )
        const reverse = [...parts.keys()].reverse()
        expect(log).toEqual(reverse.flatMap(index => [`begin ${index}`, `end ${index}`]))
        expect(outcome).toEqual(reverse.filter(index => parts[index]?.fails))
        expect(lifecycle.close()).toBe(lifecycle.close())
      }),
    )
  })

  test('takes functions and closables, returns what it was given, and works with await using', async () => {
    const lifecycle = createLifecycle('server')
    let closed = 0
    const part = { close: () => void closed++ }
    expect(lifecycle.add(part)).toBe(part)
    lifecycle.add(() => void closed++)
    expect(lifecycle.closed).toBe(false)
    await lifecycle[Symbol.asyncDispose]()
    await lifecycle.close()
    expect([closed, lifecycle.closed]).toEqual([2, true])
  })

  test('a closer that throws at once does not stop the others', async () => {
    const lifecycle = createLifecycle('server')
    let closed = false
    lifecycle.add(() => {
      closed = true
    })
    lifecycle.add(() => {
      throw new Error('at once')
    })
    await expect(lifecycle.close()).rejects.toThrow('server: 1 parts failed to close')
    expect(closed).toBe(true)
  })

  test('nothing can be added once closing has begun', async () => {
    const lifecycle = createLifecycle('server')
    const closing = lifecycle.close()
    expect(() => lifecycle.add(() => {})).toThrow(expect.objectContaining({ code: 'Closed' }))
    await closing
  })
})
