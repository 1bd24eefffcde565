import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { OwnerReference, Store, StoredObject, Transaction } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { Overlay } from '../../src/store/transaction/overlay.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { kindOf } from '../fixtures/kinds.js'

interface Spec {
  readonly size: number
  readonly keep?: boolean
}

/** Nobody deletes one with `keep`; at most one has each size above 5. */
const Part = kindOf<Spec>('Part', {
  namespaced: false,
  schema: { properties: { spec: { properties: { size: { type: 'integer', maximum: 9 } } } } },
  indexes: {
    large: ({ spec }) => {
      if (spec.size === 5) throw new Error('five cannot be indexed')
      return spec.size > 5 ? [spec.size] : []
    },
  },
  admission: [
    {
      name: 'keep',
      phase: 'validate',
      operations: ['delete'],
      handle: ({ object }) => (object.spec.keep === true ? { forbidden: 'it is kept' } : undefined),
    },
  ],
})

const newStore = (): Store => createStore({ kinds: [Part], env: createVirtualEnv() })
const ownedBy = ({ apiVersion, kind, metadata }: StoredObject): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid,
})

/** One call of a body; it may be refused. */
type Call = (tx: Transaction) => unknown

const NAMES = ['a', 'b', 'c', 'd', 'e']
const nameOf = fc.constantFrom(...NAMES)
const sizeOf = fc.integer({ min: 0, max: 10 })

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ name: nameOf, owner: fc.option(nameOf), size: sizeOf, keep: fc.boolean() }).map(
    ({ name, owner, size, keep }): Call =>
      tx => {
        const found = owner === null ? undefined : tx.get(Part, { name: owner })
        const ownerReferences = found === undefined ? [] : [ownedBy(found)]
        tx.create(Part, { metadata: { name, ownerReferences }, spec: { size, keep } })
      },
  ),
  fc.record({ name: nameOf, size: sizeOf }).map(
    ({ name, size }): Call =>
      tx =>
        tx.modify(Part, { name }, draft => void (draft.spec.size = size)),
  ),
  nameOf.map(
    (name): Call =>
      tx =>
        tx.delete(Part, { name }, { cascade: 'atomic' }),
  ),
  nameOf.map(
    (name): Call =>
      tx =>
        tx.delete(Part, { name }),
  ),
  fc.record({ name: nameOf, inner: nameOf }).map(
    ({ name, inner }): Call =>
      tx => {
        tx.modify(Part, { name }, draft => {
          draft.spec.size++
          tx.delete(Part, { name: inner })
        })
      },
  ),
)

/** A root, and what it owns; some of that may be kept, which refuses a cascade half-way. */
const family: fc.Arbitrary<readonly Call[]> = fc.array(fc.boolean(), { maxLength: 4 }).map(kept => [
  (tx: Transaction) => tx.create(Part, { metadata: { name: 'a' }, spec: { size: 0 } }),
  ...kept.map((keep, index) => (tx: Transaction) => {
    const root = tx.get(Part, { name: 'a' })
    const ownerReferences = root === undefined ? [] : [ownedBy(root)]
    tx.create(Part, {
      metadata: { name: NAMES[index + 1] as string, ownerReferences },
      spec: { size: 0, keep },
    })
  }),
])

const contentOf = (tx: Transaction): string =>
  JSON.stringify(
    tx
      .list(Part)
      .items.map(({ metadata, spec }) => [
        metadata.name,
        spec,
        metadata.ownerReferences.map(({ name }) => name),
      ]),
  )

/** A body that goes on after a refusal has what it would have had without the calls that were refused. */
async function assertRefusedLeavesNothing(numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(family, fc.array(call, { maxLength: 4 })).map(calls => calls.flat()),
      fc.array(call, { minLength: 1, maxLength: 12 }),
      async (before, calls) => {
        const store = newStore()
        const twin = newStore()
        for (const one of [store, twin]) for (const write of before) await one.transact(write).catch(() => {})
        const accepted: Call[] = []
        const run = async (one: Store, body: Call): Promise<unknown> => {
          const work = (tx: Transaction): string => {
            body(tx)
            return contentOf(tx)
          }
          const { result, batch } = await one.transact(work, { dryRun: true })
          return [result, batch?.events.map(({ type, object }) => `${type} ${object.metadata.name}`)]
        }
        const whole = await run(store, tx => {
          for (const one of calls) {
            const seen = contentOf(tx)
            try {
              one(tx)
              accepted.push(one)
            } catch {
              expect(contentOf(tx)).toBe(seen)
            }
          }
        })
        const part = await run(twin, tx => {
          for (const one of accepted) one(tx)
        })
        expect(whole).toEqual(part)
      },
    ),
    { numRuns },
  )
}

describe('a body that goes on after a refusal', () => {
  test('has what it would have had without the calls that were refused', () =>
    assertRefusedLeavesNothing(300))

  test('would not, if nothing took a refused write back', async () => {
    const takeBack = vi.spyOn(Overlay.prototype, 'takeBack').mockImplementation(() => {})
    try {
      await expect(assertRefusedLeavesNothing(5_000)).rejects.toThrow(/Property failed after/)
    } finally {
      takeBack.mockRestore()
    }
  })

  test('has nothing of a cascade that is refused half-way, in an optimistic transaction too', async () => {
    const store = newStore()
    const root = await store.create(Part, { metadata: { name: 'a' }, spec: { size: 0 } })
    for (const name of ['b', 'c', 'd']) {
      const metadata = { name, ownerReferences: [ownedBy(root)] }
      await store.create(Part, { metadata, spec: { size: 0, keep: name === 'c' } })
    }
    const body = (name: string) => (tx: Transaction) => {
      expect(() => tx.delete(Part, { name: 'a' }, { cascade: 'atomic' })).toThrow(/it is kept/)
      tx.create(Part, { metadata: { name }, spec: { size: 1 } })
    }
    await store.transact(body('x'))
    await store.optimistic(body('y'))
    expect(store.list(Part).items.map(({ metadata }) => metadata.name)).toEqual([
      'a',
      'b',
      'c',
      'd',
      'x',
      'y',
    ])
  })

  test('cannot write inside another write: that one would be lost, or stay without the outer one', async () => {
    const store = newStore()
    await store.create(Part, { metadata: { name: 'a' }, spec: { size: 0 } })
    const done = store.transact(tx =>
      tx.modify(Part, { name: 'a' }, draft => {
        draft.spec.size = tx.list(Part).items.length
        tx.create(Part, { metadata: { name: 'b' }, spec: { size: 0 } })
      }),
    )
    await expect(done).rejects.toMatchObject({
      code: 'Usage',
      message: expect.stringContaining('recipe') as unknown,
    })
    expect(store.revision).toBe(1)
  })

  test('a call that closes the store commits nothing', async () => {
    const close = (store: Store): void => void store.close()
    const calls: readonly ((store: Store) => Promise<unknown>)[] = [
      store =>
        store.modify(Part, { name: 'a' }, draft => {
          draft.spec.size = 2
          close(store)
        }),
      store =>
        store.transact(tx => {
          tx.delete(Part, { name: 'a' })
          close(store)
        }),
      store =>
        store.optimistic(tx => {
          tx.delete(Part, { name: 'a' })
          close(store)
        }),
    ]
    for (const write of calls) {
      const store = newStore()
      await store.create(Part, { metadata: { name: 'a' }, spec: { size: 0 } })
      await expect(write(store)).rejects.toMatchObject({ code: 'Closed' })
      expect(store.revision).toBe(1)
    }
  })
})
