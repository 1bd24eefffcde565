import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  DeleteOptions,
  ObjectInput,
  OwnerReference,
  Store,
  StoredObject,
} from '../../src/store/index.js'
import type { WidgetSpec } from '../fixtures/kinds.js'
import { ref as at, Gadget, kindOf, Session, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const newStore = (): Store => createWorld().store
const ownerOf = ({ apiVersion, kind, metadata: { name, uid } }: StoredObject): OwnerReference => ({
  apiVersion,
  kind,
  name,
  uid,
})

function widget(name: string, ownerReferences: readonly OwnerReference[] = []): ObjectInput<WidgetSpec> {
  return { metadata: { ...at(name), ownerReferences }, spec: {} }
}

describe('an owner reference', () => {
  test('that can never lead to an owner is refused, and the error says why', async () => {
    const store = newStore()
    const here = await store.create(Widget, widget('here'))
    await store.create(Widget, widget('later'))
    const there = await store.create(Widget, { metadata: at('there', 'other'), spec: {} })
    const known = ownerOf(here)
    const faults: readonly [OwnerReference, string, string][] = [
      [{ ...known, kind: 'Wodget' }, 'metadata.ownerReferences[0].kind', 'no kind of this store'],
      [{ ...known, apiVersion: 'elsewhere/v1' }, 'metadata.ownerReferences[0].kind', 'no kind of this store'],
      [ownerOf(there), 'metadata.ownerReferences[0]', 'in namespace other'],
    ]
    const { revision } = store
    for (const [reference, field, text] of faults) {
      const refused = { code: 'Invalid', problems: [{ field, message: expect.stringContaining(text) }] }
      await expect(store.create(Widget, widget('d', [reference]))).rejects.toMatchObject(refused)
      const late = store.modify(
        Widget,
        at('later'),
        draft => void (draft.metadata.ownerReferences = [reference]),
      )
      await expect(late).rejects.toMatchObject(refused)
    }
    const clusterWide = store.create(Gadget, { metadata: { name: 'g', ownerReferences: [known] }, spec: {} })
    await expect(clusterWide).rejects.toMatchObject({
      problems: [{ field: 'metadata.ownerReferences[0]' }],
    })
    const own = store.modify(Widget, at('here'), draft => void (draft.metadata.ownerReferences = [known]))
    await expect(own).rejects.toMatchObject({ problems: [{ field: 'metadata.ownerReferences[0].uid' }] })
    const two = [known, { ...known, uid: 'other' }].map(one => ({ ...one, controller: true }))
    await expect(store.create(Widget, widget('d', two))).rejects.toMatchObject({ code: 'Invalid' })
    expect(store.revision).toBe(revision)
  })

  test('may name an owner that is gone, that comes in the same transaction, or in another version', async () => {
    const store = newStore()
    const gone = await store.create(Widget, widget('gone'))
    await store.delete(Widget, at('gone'))
    await store.create(Widget, widget('a', [ownerOf(gone)]))
    await store.create(Widget, widget('b', [{ ...ownerOf(gone), apiVersion: 'example/v7' }]))
    await store.transact(tx => tx.create(Widget, widget('d', [ownerOf(tx.create(Widget, widget('o')))])))
    const shared = await store.create(Gadget, { metadata: { name: 'shared' }, spec: {} })
    await store.create(Widget, widget('e', [ownerOf(shared)]))
    expect(store.list(Widget).items).toHaveLength(5)
  })
})

describe('a delete with cascade', () => {
  test('takes the whole tree in one revision, the owner first', async () => {
    const store = newStore()
    const root = await store.create(Gadget, { metadata: { name: 'root' }, spec: {} })
    const child = await store.create(Widget, widget('child', [ownerOf(root)]))
    await store.create(Widget, widget('grandchild', [ownerOf(child)]))
    await store.create(Widget, widget('stranger'))
    const { batch } = await store.transact(tx => tx.delete(Gadget, { name: 'root' }, { cascade: 'atomic' }), {
      dryRun: true,
    })
    expect(batch?.events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      'DELETED root',
      'DELETED child',
      'DELETED grandchild',
    ])
    const before = store.revision
    expect(await store.delete(Gadget, { name: 'root' }, { cascade: 'atomic', dryRun: true })).toBeDefined()
    expect(store.revision).toBe(before)
    await store.delete(Gadget, { name: 'root' }, { cascade: 'atomic' })
    expect(store.revision).toBe(before + 1)
    expect(store.list(Widget).items.map(({ metadata }) => metadata.name)).toEqual(['stranger'])
  })

  test('leaves what has another owner, which loses the reference; marks what is held', async () => {
    const store = newStore()
    const root = await store.create(Widget, widget('root'))
    const other = await store.create(Widget, widget('other'))
    const owners = [ownerOf(root)]
    await store.create(Widget, widget('shared', [ownerOf(root), ownerOf(other)]))
    await store.create(Session, { metadata: { ...at('s'), ownerReferences: owners }, spec: {} })
    await store.create(Widget, {
      metadata: { ...at('held'), ownerReferences: owners, finalizers: ['example.com/x'] },
      spec: {},
    })
    await store.delete(Widget, at('root'), { cascade: 'atomic' })
    expect(store.get(Widget, at('shared'))?.metadata.ownerReferences).toEqual([ownerOf(other)])
    expect(store.get(Widget, at('held'))?.metadata.deletionTimestamp).toBeDefined()
    expect(store.get(Session, at('s'))?.metadata.deletionGracePeriodSeconds).toBe(30)
  })

  test('is refused as a whole when one of its objects may not go, and with a policy that contradicts', async () => {
    const Guarded = kindOf<object>('Guarded', {
      admission: [
        {
          name: 'never',
          phase: 'validate',
          operations: ['delete'],
          handle: () => ({ forbidden: 'precious' }),
        },
      ],
    })
    const { store } = createWorld({ kinds: [Guarded] })
    const root = await store.create(Widget, widget('root'))
    await store.create(Guarded, { metadata: { ...at('g'), ownerReferences: [ownerOf(root)] }, spec: {} })
    const { revision } = store
    const deletion = (options: object): Promise<unknown> =>
      store.delete(Widget, at('root'), { cascade: 'atomic', ...options } as DeleteOptions)
    await expect(deletion({})).rejects.toMatchObject({ code: 'Forbidden' })
    await expect(deletion({ propagationPolicy: 'Orphan' })).rejects.toMatchObject({ code: 'Invalid' })
    await expect(deletion({ cascade: 'all' })).rejects.toMatchObject({ code: 'Invalid' })
    await expect(store.delete(Widget, at('none'), { cascade: 'atomic' })).rejects.toMatchObject({
      code: 'NotFound',
    })
    expect(store.revision).toBe(revision)
  })

  test('in a random forest takes just the objects without a living owner', async () => {
    const edges = fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 24 })
    await fc.assert(
      fc.asyncProperty(edges, fc.nat(11), async (pairs, victim) => {
        const store = newStore()
        const objects: StoredObject[] = []
        for (let index = 0; index < 12; index++)
          objects.push(await store.create(Widget, widget(`w-${String(index).padStart(2, '0')}`)))
        const owners = objects.map(() => new Set<number>())
        for (const [owner, dependent] of pairs) if (owner !== dependent) owners[dependent]?.add(owner)
        for (const [index, { metadata }] of objects.entries()) {
          const references = [...(owners[index] ?? [])].map(owner => ownerOf(objects[owner] as StoredObject))
          await store.modify(Widget, metadata, draft => void (draft.metadata.ownerReferences = references))
        }
        const gone = new Set([victim])
        for (let grown = true; grown; ) {
          grown = false
          for (const [index, of] of owners.entries()) {
            if (gone.has(index) || of.size === 0 || ![...of].every(owner => gone.has(owner))) continue
            gone.add(index)
            grown = true
          }
        }
        const { revision } = store
        await store.delete(Widget, (objects[victim] as StoredObject).metadata, { cascade: 'atomic' })
        expect(store.revision).toBe(revision + 1)
        for (const [index, { metadata }] of objects.entries()) {
          const left = store.get(Widget, metadata)
          expect(left === undefined).toBe(gone.has(index))
          const expected = [...(owners[index] ?? [])].filter(owner => !gone.has(owner))
          if (left !== undefined)
            expect(left.metadata.ownerReferences.map(({ uid }) => uid)).toEqual(
              expected.map(owner => objects[owner]?.metadata.uid),
            )
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('a list by owner', () => {
  test('has what refers to the uid, in transactions and snapshots too, whatever was written', async () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      owners: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }),
      deletes: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
        const store = newStore()
        const uids = new Set<string>()
        const expected = (uid: string): readonly string[] =>
          store
            .list(Widget)
            .items.filter(item => item.metadata.ownerReferences.some(owner => owner.uid === uid))
            .map(item => item.metadata.name)
        for (const { name, owners, deletes } of steps) {
          const references = [...new Set(owners)]
            .map(owner => store.get(Widget, at(owner)))
            .filter(owner => owner !== undefined)
            .map(ownerOf)
          const present = store.get(Widget, at(name))
          if (present === undefined) await store.create(Widget, widget(name, references))
          else if (deletes) await store.delete(Widget, at(name))
          else
            await store.modify(Widget, at(name), draft => {
              draft.metadata.ownerReferences = references.filter(one => one.uid !== present.metadata.uid)
            })
          for (const { metadata } of store.list(Widget).items) uids.add(metadata.uid)
          const before = store.snapshot()
          for (const uid of uids) {
            const names = (list: { items: readonly StoredObject[] }) =>
              list.items.map(item => item.metadata.name)
            expect(names(store.list(Widget, { owner: uid }))).toEqual(expected(uid))
            expect(names(before.list(Widget, { owner: uid }))).toEqual(expected(uid))
            expect(store.count(Widget, { owner: uid })).toBe(expected(uid).length)
            const inside = await store.transact(tx => names(tx.list(Widget, { owner: uid })))
            expect(inside).toEqual(expected(uid))
          }
          before.close()
        }
      }),
      { numRuns: 30 },
    )
  })

  test('is not one by index too, and takes a text', () => {
    const list = (options: object) => () => newStore().list(Widget, options)
    expect(list({ owner: 'u', index: { name: 'x', value: 'y' } })).toThrow(/either index or owner/)
    expect(list({ owner: 7 })).toThrow(/must be a uid/)
  })
})
