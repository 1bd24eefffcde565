import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConsumerReport, RegistryConsumer } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'

interface Model {
  readonly consumer: RegistryConsumer
  acknowledged: number
  isSilent: boolean
}

const NAMES = ['a', 'b', 'c'] as const
const step = fc.record({
  name: fc.constantFrom(...NAMES),
  act: fc.constantFrom('open', 'ack', 'silent', 'heard', 'restart', 'close', 'apply', 'wait'),
  revision: fc.nat(4),
})

describe('who waits for consumers', () => {
  test('is told exactly when all that are open and not silent have reached the revision', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        const { clock } = createVirtualEnv()
        const registry = createRegistry()
        const open = new Map<string, Model>()
        const waits: { readonly revision: number; expected: boolean; report?: ConsumerReport }[] = []
        const isReached = (revision: number): boolean =>
          registry.revision >= revision &&
          [...open.values()].every(one => one.isSilent || one.acknowledged >= revision)
        for (const { name, act, revision } of steps) {
          const one = open.get(name)
          const acknowledged = Math.min(revision, registry.revision)
          if (act === 'apply') registry.apply(Math.max(registry.revision, revision), [])
          else if (act === 'wait') {
            const wait: (typeof waits)[number] = { revision, expected: false }
            waits.push(wait)
            void registry.waitForConsumers(revision, { clock, timeoutMs: 1000 }).then(report => {
              wait.report = report
            })
          } else if (act === 'open' && one === undefined)
            open.set(name, {
              consumer: registry.consumer(name, { isRemote: name === 'c' }),
              acknowledged: 0,
              isSilent: false,
            })
          if (one !== undefined && act === 'ack') {
            one.consumer.ack(acknowledged)
            one.acknowledged = Math.max(one.acknowledged, acknowledged)
          }
          if (one !== undefined && (act === 'silent' || act === 'heard')) {
            one.consumer.setSilent(act === 'silent')
            one.isSilent = act === 'silent'
          }
          if (one !== undefined && act === 'restart') {
            one.consumer.restart()
            Object.assign(one, { acknowledged: 0, isSilent: false })
          }
          if (one !== undefined && act === 'close') {
            one.consumer.close()
            open.delete(name)
          }
          for (const wait of waits) wait.expected ||= isReached(wait.revision)
          await Promise.resolve()
          expect(waits.map(({ report }) => report !== undefined)).toEqual(
            waits.map(({ expected }) => expected),
          )
        }
      }),
      { numRuns: 60 },
    )
  })

  test.each([Number.NaN, 1.5, -1])('what is no revision is refused: %d', async revision => {
    const registry = createRegistry()
    registry.apply(5, [])
    const consumer = registry.consumer('proxy')
    expect(() => consumer.ack(revision)).toThrow(expect.objectContaining({ code: 'Invalid' }))
    expect(consumer.acknowledged).toBe(0)
    const { clock } = createVirtualEnv()
    await expect(registry.waitForConsumers(revision, { clock, timeoutMs: 1 })).rejects.toMatchObject({
      code: 'Invalid',
    })
  })

  test('processes are not counted among the 1000 consumers of this one', () => {
    const registry = createRegistry()
    for (let i = 0; i < 3000; i++) registry.consumer(`process/${i}`, { isRemote: true })
    for (let i = 0; i < 1000; i++) registry.consumer(`own ${i}`)
    expect(() => registry.consumer('one more')).toThrow(expect.objectContaining({ code: 'Usage' }))
  })
})
