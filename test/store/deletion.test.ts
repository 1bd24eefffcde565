import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTime, UsageError } from '../../src/core/index.js'
import type { DeleteOptions, Store, StoredObject } from '../../src/store/index.js'

import { kindOf, Session, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const at = { namespace: 'default', name: 'a' }

const create = (store: Store, finalizers: readonly string[] = []): Promise<StoredObject> =>
  store.create(Session, { metadata: { ...at, finalizers }, spec: {} })

describe('graceful deletion', () => {
  test('marks the object with the end of the period of its kind, or of the delete', async () => {
    for (const [options, seconds] of [
      [{}, 30],
      [{ gracePeriodSeconds: 5 }, 5],
      [{ gracePeriodSeconds: -7 }, 1],
    ] as const) {
      const { env, store } = createWorld()
      await create(store)
      const { metadata } = await store.delete(Session, at, options)
      expect(metadata.deletionTimestamp).toBe(formatTime(env.clock.now() + seconds * 1000))
      expect(metadata).toMatchObject({ deletionGracePeriodSeconds: seconds, generation: 2 })
    }
  })

  test('zero removes the object, at first or later, unless finalizers hold it', async () => {
    const { env, store } = createWorld()
    await create(store)
    await store.delete(Session, at, { gracePeriodSeconds: 0 })
    expect(store.get(Session, at)).toBeUndefined()

    await create(store, ['example.com/x'])
    await store.delete(Session, at)
    await env.advance(1000)
    const ended = await store.delete(Session, at, { gracePeriodSeconds: 0 })
    expect(ended.metadata).toMatchObject({
      deletionTimestamp: formatTime(env.clock.now()),
      deletionGracePeriodSeconds: 0,
      generation: 2,
    })
    await store.modify(Session, at, draft => void (draft.metadata.finalizers = []))
    expect(store.get(Session, at)).toBeUndefined()
  })

  test('a running period is only shortened, and what would be over by then becomes one second', async () => {
    const { env, store } = createWorld()
    await create(store)
    const began = env.clock.now()
    const marked = await store.delete(Session, at)
    expect(await store.delete(Session, at, { gracePeriodSeconds: 60 })).toBe(marked)
    expect(await store.delete(Session, at, { gracePeriodSeconds: 30 })).toBe(marked)
    expect(await store.delete(Session, at)).toBe(marked)
    const shorter = await store.delete(Session, at, { gracePeriodSeconds: 20 })
    expect(shorter.metadata).toMatchObject({
      deletionTimestamp: formatTime(began + 20_000),
      deletionGracePeriodSeconds: 20,
      generation: 2,
    })
    await env.advance(15_000)
    const least = await store.delete(Session, at, { gracePeriodSeconds: 10 })
    expect(least.metadata).toMatchObject({
      deletionTimestamp: formatTime(began + 15_000),
      deletionGracePeriodSeconds: 1,
    })
  })

  test('taking the last finalizer does not cut the period short', async () => {
    const { store } = createWorld()
    await create(store, ['example.com/x'])
    await store.delete(Session, at)
    await store.modify(Session, at, draft => void (draft.metadata.finalizers = []))
    expect(store.get(Session, at)?.metadata.deletionGracePeriodSeconds).toBe(30)
    await store.delete(Session, at, { gracePeriodSeconds: 0 })
    expect(store.get(Session, at)).toBeUndefined()
  })

  test('a kind without grace periods has none, whatever is asked', async () => {
    const { store } = createWorld()
    await store.create(Widget, { metadata: at, spec: {} })
    await store.delete(Widget, at, { gracePeriodSeconds: 30 })
    expect(store.get(Widget, at)).toBeUndefined()
  })

  test('periods and policies that there are not are refused', async () => {
    const { store } = createWorld()
    await create(store)
    for (const options of [
      { gracePeriodSeconds: 1.5 },
      { gracePeriodSeconds: Number.NaN },
      { gracePeriodSeconds: 2 ** 31 },
      { propagationPolicy: 'Sideways' },
    ]) {
      await expect(store.delete(Session, at, options as DeleteOptions)).rejects.toMatchObject({
        code: 'Invalid',
        problems: [{ field: Object.keys(options)[0] }],
      })
    }
    expect(store.revision).toBe(1)
    const declare = (gracePeriodSeconds: number): unknown => kindOf('K', { gracePeriodSeconds })
    expect(() => declare(-1)).toThrow(UsageError)
    expect(() => declare(0.5)).toThrow(UsageError)
  })
})

describe('the propagation policy', () => {
  test('is kept as a finalizer, which a later policy replaces', async () => {
    const { store } = createWorld()
    await store.create(Widget, { metadata: { ...at, finalizers: ['example.com/x'] }, spec: {} })
    const finalizersAfter = async (options: DeleteOptions): Promise<readonly string[]> =>
      (await store.delete(Widget, at, options)).metadata.finalizers
    expect(await finalizersAfter({ propagationPolicy: 'Foreground' })).toEqual([
      'example.com/x',
      'foregroundDeletion',
    ])
    expect(await finalizersAfter({})).toEqual(['example.com/x', 'foregroundDeletion'])
    expect(await finalizersAfter({ propagationPolicy: 'Orphan' })).toEqual(['example.com/x', 'orphan'])
    expect(await finalizersAfter({ propagationPolicy: 'Background' })).toEqual(['example.com/x'])
    expect(store.get(Widget, at)?.metadata.generation).toBe(2)
  })

  test('holds an object that nothing else holds, until the finalizer is taken', async () => {
    const { store } = createWorld()
    await store.create(Widget, { metadata: at, spec: {} })
    const marked = await store.delete(Widget, at, { propagationPolicy: 'Foreground' })
    const { revision } = store
    expect(await store.delete(Widget, at, { propagationPolicy: 'Foreground' })).toBe(marked)
    expect(store.revision).toBe(revision)
    await store.modify(Widget, at, draft => void (draft.metadata.finalizers = []))
    expect(store.get(Widget, at)).toBeUndefined()
  })

  test('of the object itself counts when the delete names none; Background releases it', async () => {
    const { store } = createWorld()
    await store.create(Widget, { metadata: { ...at, finalizers: ['orphan'] }, spec: {} })
    expect((await store.delete(Widget, at)).metadata.finalizers).toEqual(['orphan'])
    await store.delete(Widget, at, { propagationPolicy: 'Background' })
    expect(store.get(Widget, at)).toBeUndefined()
  })

  test('does not change while a grace period runs', async () => {
    const { store } = createWorld()
    await create(store)
    const marked = await store.delete(Session, at)
    expect(await store.delete(Session, at, { propagationPolicy: 'Orphan' })).toBe(marked)
  })
})

/** The state machine, said as plainly as possible; times in whole seconds since the start. */
class Model {
  finalizers: string[]
  deletion: { began: number; grace: number; end: number } | undefined = undefined
  gone = false

  constructor(finalizers: readonly string[]) {
    this.finalizers = [...finalizers]
  }

  delete(now: number, grace: number | undefined, policy: DeleteOptions['propagationPolicy']): void {
    const { deletion } = this
    if (deletion !== undefined && deletion.grace > 0 && (grace === undefined || grace >= deletion.grace))
      return
    if (policy !== undefined) {
      this.finalizers = this.finalizers.filter(name => name !== 'orphan' && name !== 'foregroundDeletion')
      if (policy === 'Orphan') this.finalizers.push('orphan')
      if (policy === 'Foreground') this.finalizers.push('foregroundDeletion')
    }
    if (deletion === undefined) this.deletion = { began: now, grace: grace ?? 30, end: now + (grace ?? 30) }
    else if (deletion.grace > 0 && grace !== undefined) {
      const end = deletion.began + grace
      this.deletion =
        grace > 0 && end < now
          ? { began: now - 1, grace: 1, end: now }
          : { began: deletion.began, grace, end: grace === 0 ? now : end }
    }
    this.#leave()
  }

  take(name: string): void {
    this.finalizers = this.finalizers.filter(one => one !== name)
    this.#leave()
  }

  #leave(): void {
    this.gone = this.deletion?.grace === 0 && this.finalizers.length === 0
  }
}

type Step =
  | { readonly do: 'delete'; readonly options: DeleteOptions }
  | { readonly do: 'take'; readonly finalizer: string }
  | { readonly do: 'wait'; readonly seconds: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('delete' as const),
      options: fc.record(
        {
          gracePeriodSeconds: fc.integer({ min: 0, max: 40 }),
          propagationPolicy: fc.constantFrom('Background' as const, 'Foreground' as const, 'Orphan' as const),
        },
        { requiredKeys: [] },
      ),
    }),
    fc.record({
      do: fc.constant('take' as const),
      finalizer: fc.constantFrom('example.com/x', 'orphan', 'foregroundDeletion'),
    }),
    fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 20 }) }),
  ),
  { maxLength: 12 },
)

test('any sequence of deletes, waits and taken finalizers ends where the plain model ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray(['example.com/x', 'orphan']), steps, async (finalizers, sequence) => {
      const { env, store } = createWorld()
      await create(store, finalizers)
      const start = env.clock.now()
      const model = new Model(finalizers)
      for (const step of sequence) {
        if (step.do === 'wait') await env.advance(step.seconds * 1000)
        else if (step.do === 'delete') {
          await store.delete(Session, at, step.options)
          const { gracePeriodSeconds, propagationPolicy } = step.options
          model.delete((env.clock.now() - start) / 1000, gracePeriodSeconds, propagationPolicy)
        } else {
          await store.modify(Session, at, ({ metadata }) => {
            metadata.finalizers = metadata.finalizers.filter(name => name !== step.finalizer)
          })
          model.take(step.finalizer)
        }
        const object = store.get(Session, at)
        expect(object === undefined).toBe(model.gone)
        if (object === undefined) return
        const { deletion } = model
        expect(object.metadata.finalizers).toEqual(model.finalizers)
        expect(object.metadata.deletionGracePeriodSeconds).toBe(deletion?.grace)
        expect(object.metadata.deletionTimestamp).toBe(
          deletion === undefined ? undefined : formatTime(start + deletion.end * 1000),
        )
      }
    }),
    { numRuns: 300 },
  )
})
