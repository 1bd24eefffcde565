import type { OwnerReference, StoredObject } from '../../store/index.js'
import { claim, claimEqual, claimRefusedWithoutEffect, contentOf } from './claims.js'
import { Gadget, gadget, refOf, Sprocket, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

const ownedBy = ({ apiVersion, kind, metadata: { name, uid } }: StoredObject): OwnerReference => ({
  apiVersion,
  kind,
  name,
  uid,
})

export const ruleLaws: readonly StoreLaw[] = [
  {
    name: 'an unknown option is refused with the name of the nearest known one',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a'))
      // As plain JavaScript may call it.
      const options = (given: object): object => given
      const calls: readonly (readonly [() => unknown, string])[] = [
        [() => store.create(Widget, widget('b'), options({ dryrun: true })), 'dryRun'],
        [() => store.delete(Widget, refOf('a'), options({ precondition: {} })), 'preconditions'],
        [() => store.transact(tx => tx.delete(Widget, refOf('a'), options({ cascde: 1 }))), 'cascade'],
        [() => store.list(Widget, options({ lableSelector: 'app=web' })), 'labelSelector'],
        [() => store.watch(Widget, options({ lableSelector: 'app=web' })), 'labelSelector'],
      ]
      for (const [call, nearest] of calls) await claimRefusedWithoutEffect(store, call, 'Usage', { nearest })
    },
  },
  {
    name: 'a value of a unique index has one holder',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Sprocket, widget('a', { node: 'n1' }))
      await store.create(Sprocket, widget('b', { node: 'n2' }))
      const writes: readonly (() => unknown)[] = [
        () => store.create(Sprocket, widget('c', { node: 'n1' }, { namespace: 'other' })),
        () => store.modify(Sprocket, refOf('b'), draft => void (draft.spec.node = 'n1')),
        () => store.transact(tx => tx.create(Sprocket, widget('c', { node: 'n1' }))),
      ]
      for (const write of writes) await claimRefusedWithoutEffect(store, write, 'UniqueViolation')
      await store.transact(tx => {
        tx.modify(Sprocket, refOf('a'), draft => void (draft.spec.node = 'n2'))
        tx.modify(Sprocket, refOf('b'), draft => void (draft.spec.node = 'n1'))
      })
      claimEqual(
        store.list(Sprocket).items.map(({ spec }) => spec.node),
        ['n2', 'n1'],
        'a transaction may swap values',
      )
    },
  },
  {
    name: 'an immutable field keeps what it has after create, even nothing',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Sprocket, widget('a', { tags: ['x'] }))
      await store.create(Sprocket, widget('b'))
      for (const name of ['a', 'b']) {
        const write = (): unknown =>
          store.modify(Sprocket, refOf(name), draft => void (draft.spec.tags = ['y']))
        await claimRefusedWithoutEffect(store, write, 'Invalid')
      }
      await store.modify(Sprocket, refOf('a'), draft => void (draft.spec.size = 2))
    },
  },
  {
    name: 'an owner that can never be is refused',
    check: async ({ open }) => {
      const store = await open()
      const owner = await store.create(Widget, widget('owner'))
      const reference = ownedBy(owner)
      const bad: readonly (() => unknown)[] = [
        () => store.create(Widget, widget('a', {}, { namespace: 'other', ownerReferences: [reference] })),
        () => store.create(Gadget, { ...gadget('a'), metadata: { name: 'a', ownerReferences: [reference] } }),
        () => store.create(Widget, widget('a', {}, { ownerReferences: [{ ...reference, kind: 'None' }] })),
      ]
      for (const write of bad) await claimRefusedWithoutEffect(store, write, 'Invalid')
      await store.create(Widget, widget('a', {}, { ownerReferences: [reference] }))
    },
  },
  {
    name: 'an atomic cascade takes all dependents with it, under one revision',
    check: async ({ open }) => {
      const store = await open()
      const root = await store.create(Widget, widget('root'))
      const other = await store.create(Widget, widget('other'))
      const child = await store.create(Widget, widget('child', {}, { ownerReferences: [ownedBy(root)] }))
      await store.create(Widget, widget('grandchild', {}, { ownerReferences: [ownedBy(child)] }))
      const two = { ownerReferences: [ownedBy(root), ownedBy(other)] }
      await store.create(Widget, widget('shared', {}, two))
      const last = await store.delete(Widget, refOf('root'), { cascade: 'atomic' })
      claimEqual(
        store
          .list(Widget)
          .items.map(({ metadata }) => [metadata.name, metadata.ownerReferences.map(({ name }) => name)]),
        [
          ['other', []],
          ['shared', ['other']],
        ],
        'who is left',
      )
      const { resourceVersion } = store.get(Widget, refOf('shared'))?.metadata ?? {}
      claimEqual(resourceVersion, last.metadata.resourceVersion, 'one revision')
    },
  },
  {
    name: 'an optimistic transaction runs again when what it has read has changed',
    check: async ({ open, soon }) => {
      const store = await open()
      await store.create(Widget, widget('a', { size: 1 }, { labels: { app: 'web' } }))
      let runs = 0
      const counted = store.optimistic(async tx => {
        runs++
        const { length } = tx.list(Widget, { labelSelector: 'app=web' }).items
        // Somebody adds to what was just counted.
        if (runs === 1) await store.create(Widget, widget('b', {}, { labels: { app: 'web' } }))
        tx.create(Gadget, gadget('count', { size: length }))
        return length
      })
      claimEqual(await soon('the transaction', counted), 2, 'what it returns')
      claimEqual([runs, store.get(Gadget, { name: 'count' })?.spec.size], [2, 2], 'runs and result')
      const failure = new RangeError('no')
      const before = contentOf(store)
      const error: unknown = await store
        .optimistic(async tx => {
          tx.delete(Widget, refOf('a'))
          await Promise.resolve()
          throw failure
        })
        .catch((reason: unknown) => reason)
      claim(error === failure, 'an error of its body is its error')
      claimEqual(contentOf(store), before, 'the store')
    },
  },
  {
    name: 'a fork goes its own way, and equal content has equal hashes',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a', { size: 1 }, { labels: { app: 'web' } }))
      const snapshot = store.snapshot()
      const fork = snapshot.fork()
      const before = contentOf(store)
      const hash = snapshot.hash()
      await fork.modify(Widget, refOf('a'), draft => void (draft.spec.size = 2))
      await fork.create(Widget, widget('b', {}, { labels: { app: 'web' } }))
      claimEqual(fork.list(Widget, { labelSelector: 'app=web' }).items.length, 2, 'the fork')
      claimEqual(contentOf(store), before, 'the store')
      claim(fork.snapshot().hash() !== hash, 'other content has another hash')
      await fork.delete(Widget, refOf('b'))
      await fork.modify(Widget, refOf('a'), draft => void (draft.spec.size = 1))
      claimEqual(fork.snapshot().hash(), hash, 'the hash of the same content')
      await fork.close()
      snapshot.close()
    },
  },
]
