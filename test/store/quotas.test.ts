import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { Quota, QuotaUse, Store, Transaction } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref as at, Gadget, Widget } from '../fixtures/kinds.js'

const storeWith = (...quotas: readonly Quota[]): Store =>
  createStore({ kinds: [Widget, Gadget], env: createVirtualEnv(), quotas })
const widget = (name: string, namespace = 'default', list: readonly number[] = []): never =>
  ({ metadata: { name, namespace }, spec: { list } }) as never

/** What is used of a quota in a namespace, by looking at everything. */
function usedOf(
  store: Store,
  quota: Quota,
  namespace: string | undefined,
): { objects: number; bytes: number } {
  const all = [Widget, Gadget]
    .filter(kind => quota.kind === undefined || quota.kind === kind)
    .flatMap(kind => store.list(kind).items)
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
  const bytes = all.reduce((sum, object) => sum + Buffer.byteLength(JSON.stringify(object)), 0)
  return { objects: all.length, bytes }
}

/** What `quotaUse` tells, by looking at everything. */
function useOf(store: Store, one: Quota): readonly QuotaUse[] {
  const perNamespace = one.perNamespace === true
  return (perNamespace ? ['a', 'b'] : [one.namespace]).flatMap(namespace => {
    const { objects, bytes } = usedOf(store, one, namespace)
    if (perNamespace && objects === 0) return []
    const use = { quota: one, objects, ...(one.bytesMax === undefined ? {} : { bytes }) }
    return [perNamespace ? Object.assign(use, { namespace }) : use]
  }) as readonly QuotaUse[]
}

const quota: fc.Arbitrary<Quota> = fc
  .record(
    {
      kind: fc.constant(Widget),
      space: fc.constantFrom<Partial<Quota>>({}, { namespace: 'a' }, { perNamespace: true }),
      objectsMax: fc.integer({ min: 0, max: 4 }),
      bytesMax: fc.integer({ min: 0, max: 2_000 }),
    },
    { requiredKeys: ['space'] },
  )
  .filter(({ objectsMax, bytesMax }) => objectsMax !== undefined || bytesMax !== undefined)
  .map(({ space, ...rest }) => ({ ...rest, ...space }))

const step = fc.record({
  verb: fc.constantFrom('create', 'update', 'delete', 'gadget'),
  name: fc.constantFrom('x', 'y', 'z'),
  namespace: fc.constantFrom('a', 'b'),
  size: fc.integer({ min: 0, max: 200 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function run(tx: Transaction, { verb, name, namespace, size }: Step): void {
  const ref = { namespace, name }
  const list = Array.from({ length: size }, () => 1)
  const known = tx.get(Widget, ref) !== undefined
  if (verb === 'gadget') {
    if (tx.get(Gadget, { name }) === undefined) tx.create(Gadget, { metadata: { name }, spec: {} })
    else tx.delete(Gadget, { name })
  } else if (verb === 'create' && !known) tx.create(Widget, widget(name, namespace, list))
  else if (verb === 'update' && known) tx.modify(Widget, ref, draft => void (draft.spec.list = list))
  else if (verb === 'delete' && known) tx.delete(Widget, ref)
}

describe('a quota', () => {
  test('admits and refuses transactions as a count of everything would, and a dry run says so before', async () => {
    await fc.assert(
      fc.asyncProperty(
        quota,
        fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
        async (one, bodies) => {
          const [limited, free] = [storeWith(one), storeWith()]
          const spaces = one.perNamespace === true ? ['a', 'b'] : [one.namespace]
          for (const steps of bodies) {
            const body = (tx: Transaction): void => steps.forEach(each => run(tx, each))
            const before = spaces.map(space => usedOf(free, one, space))
            const revert = free.snapshot()
            await free.transact(body)
            const fits = spaces.every((space, index) => {
              const [was, is] = [before[index], usedOf(free, one, space)]
              return (['objects', 'bytes'] as const).every(
                resource => is[resource] <= Math.max(one[`${resource}Max`] ?? Infinity, was?.[resource] ?? 0),
              )
            })
            const outcome = async (options: object): Promise<boolean> => {
              try {
                await limited.transact(body, options)
                return true
              } catch (error) {
                if (isKeelsonError(error, 'QuotaExceeded')) return false
                throw error
              }
            }
            expect(await outcome({ dryRun: true })).toBe(fits)
            expect(await outcome({})).toBe(fits)
            revert.close()
            expect(limited.quotaUse()).toEqual(useOf(limited, one))
            if (!fits) return
            expect(limited.revision).toBe(free.revision)
          }
        },
      ),
    )
  })

  test('says which, what is used and what was asked, and lets deletions through', async () => {
    const store = storeWith({ kind: Widget, namespace: 'default', objectsMax: 1, bytesMax: 400 })
    await store.create(Widget, { metadata: { ...at('a'), finalizers: ['example.io/x'] }, spec: {} })
    await store.create(Widget, widget('elsewhere', 'other'))
    await expect(store.create(Widget, widget('b'))).rejects.toMatchObject({
      code: 'QuotaExceeded',
      details: { kind: 'Widget', namespace: 'default', resource: 'objects', used: 1, asked: 1, max: 1 },
    })
    const room = 400 - usedOf(store, { kind: Widget }, 'default').bytes
    await store
      .modify(Widget, at('a'), draft => void (draft.metadata.annotations = { x: 'y'.repeat(room - 5) }))
      .catch(() => undefined)
    await expect(
      store.modify(Widget, at('a'), draft => void (draft.spec.list = Array.from({ length: 99 }, () => 1))),
    ).rejects.toMatchObject({ details: { resource: 'bytes', max: 400 } })
    await store.delete(Widget, at('a'))
    expect(store.get(Widget, at('a'))?.metadata.deletionTimestamp).toBeDefined()
    await store.modify(Widget, at('a'), draft => void (draft.metadata.finalizers = []))
    await store.create(Widget, widget('b'))
  })

  test('is counted in a fork from what is there', async () => {
    const store = storeWith({ objectsMax: 2, perNamespace: true, kind: Widget })
    await store.create(Widget, widget('a'))
    using snapshot = store.snapshot()
    const fork = snapshot.fork()
    await store.create(Widget, widget('b'))
    await fork.create(Widget, widget('b'))
    for (const each of [store, fork])
      await expect(each.create(Widget, widget('c'))).rejects.toMatchObject({ code: 'QuotaExceeded' })
  })

  const faulty: readonly [string, object][] = [
    ['no limit', {}],
    ['an unknown option', { objectsMax: 1, max: 2 }],
    ['a negative limit', { objectsMax: -1 }],
    ['a limit that is text', { bytesMax: '1Gi' }],
    ['namespaces twice', { objectsMax: 1, namespace: 'a', perNamespace: true }],
    ['namespaces of a kind without', { kind: Gadget, objectsMax: 1, perNamespace: true }],
  ]
  test.each(faulty)('with %s is refused', (_what, one) => {
    expect(() => storeWith(one)).toThrow(expect.objectContaining({ code: 'Usage' }))
  })
})

test('commits are measured, when somebody measures', async () => {
  const env = createVirtualEnv()
  const { metrics } = env
  const store = createStore({ kinds: [Widget, Gadget], env })
  for (const name of ['a', 'b', 'c']) await store.create(Widget, widget(name))
  await store.transact(tx => {
    tx.delete(Widget, at('a'))
    tx.modify(Widget, at('b'), draft => void (draft.spec.size = 1))
    tx.create(Gadget, { metadata: { name: 'g' }, spec: {} })
  })
  const read = (name: string, labels: Record<string, string> = {}): unknown => metrics.value(name, labels)
  expect([read('store_commits_total'), read('store_revision')]).toEqual([4, 4])
  expect([read('store_objects', { kind: 'Widget' }), read('store_objects', { kind: 'Gadget' })]).toEqual([
    2, 1,
  ])
  const changes = ['ADDED', 'MODIFIED', 'DELETED'].map(type =>
    read('store_changes_total', { kind: 'Widget', type }),
  )
  expect(changes).toEqual([3, 1, 1])
})
