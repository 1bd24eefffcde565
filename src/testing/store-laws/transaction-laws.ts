import type { AdmissionReply, ObjectInput, Transaction } from '../../store/index.js'
import { claim, claimEqual, claimRefused, claimRefusedWithoutEffect, contentOf } from './claims.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'
import { record } from './tape.js'

export const transactionLaws: readonly StoreLaw[] = [
  {
    name: 'all writes of a transaction have one revision and are told in one batch',
    check: async world => {
      const store = await world.open()
      await store.create(Widget, widget('old'))
      const watch = store.watch(Widget)
      const tape = record(world, watch)
      await store.transact(tx => {
        tx.create(Widget, widget('a'))
        tx.create(Gadget, gadget('b'))
        tx.modify(Widget, refOf('old'), draft => void (draft.spec.size = 2))
      })
      const made = [
        store.get(Widget, refOf('a')),
        store.get(Gadget, { name: 'b' }),
        store.get(Widget, refOf('old')),
      ]
      const versions = made.map(object => object?.metadata.resourceVersion)
      claimEqual(new Set(versions).size, 1, 'one revision')
      const batches = await tape.through(Number(versions[0]))
      claimEqual(
        batches.map(({ events }) => events.map(({ type, object }) => [type, object.metadata.name])),
        [
          [
            ['ADDED', 'a'],
            ['MODIFIED', 'old'],
          ],
        ],
        'the batch',
      )
    },
  },
  {
    name: 'a transaction reads its own writes, and returns what its body returns',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a', { node: 'n1' }))
      const index = { name: 'node', value: 'n1' }
      const seen = await store.transact(tx => {
        tx.create(Widget, widget('b', { node: 'n1' }))
        tx.delete(Widget, refOf('a'))
        return [
          tx.get(Widget, refOf('a')),
          tx.list(Widget, { index }).items.map(({ metadata }) => metadata.name),
          tx.list(Widget).items.length,
        ]
      })
      claimEqual(seen, [undefined, ['b'], 1], 'inside')
      claimEqual(
        store.list(Widget, { index }).items.map(({ metadata }) => metadata.name),
        ['b'],
        'outside',
      )
    },
  },
  {
    name: 'a transaction that throws changes nothing',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a'))
      const before = contentOf(store)
      const failure = new RangeError('no')
      const error: unknown = await store
        .transact(tx => {
          tx.delete(Widget, refOf('a'))
          tx.create(Widget, widget('b'))
          throw failure
        })
        .catch((reason: unknown) => reason)
      claim(error === failure, 'its error is the error of the write')
      claimEqual(contentOf(store), before, 'the store')
    },
  },
  {
    name: 'one refused write refuses them all',
    check: async ({ open }) => {
      const store = await open()
      const first = await store.create(Widget, widget('a'))
      await store.update(Widget, { ...first, spec: { size: 2 } })
      const stale = (): unknown =>
        store.transact(tx => {
          tx.create(Widget, widget('b'))
          tx.update(Widget, { ...first, spec: { size: 3 } })
        })
      await claimRefusedWithoutEffect(store, stale, 'Conflict')
    },
  },
  {
    name: 'a body that returns a promise is a mistake, and has no effect',
    check: async ({ open }) => {
      const store = await open()
      const body = (): unknown =>
        store.transact(tx => {
          tx.create(Widget, widget('a'))
          return Promise.resolve()
        })
      await claimRefusedWithoutEffect(store, body, 'Usage')
    },
  },
  {
    name: 'only the net effect counts',
    check: async ({ open }) => {
      const store = await open()
      const made = await store.create(Widget, widget('a', { size: 1 }))
      const { revision } = store
      await store.transact(tx => {
        tx.create(Widget, widget('b'))
        tx.delete(Widget, refOf('b'))
        tx.modify(Widget, refOf('a'), draft => void (draft.spec.size = 2))
        tx.modify(Widget, refOf('a'), draft => void (draft.spec.size = 1))
      })
      claimEqual([store.revision, store.get(Widget, refOf('a'))], [revision, made], 'the store')
    },
  },
  {
    name: 'concurrent transactions behave as if one came after the other',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a', { size: 100 }))
      await store.create(Widget, widget('b', { size: 0 }))
      const sizeOf = (name: string): number => store.get(Widget, refOf(name))?.spec.size ?? Number.NaN
      const move = (): Promise<unknown> =>
        store.transact(tx => {
          const left = (tx.get(Widget, refOf('a'))?.spec.size ?? 0) - 10
          if (left < 0) return
          tx.modify(Widget, refOf('a'), draft => void (draft.spec.size = left))
          tx.modify(Widget, refOf('b'), draft => void (draft.spec.size = (draft.spec.size ?? 0) + 10))
        })
      await Promise.all(Array.from({ length: 12 }, move))
      claimEqual([sizeOf('a'), sizeOf('b')], [0, 100], 'what was moved')
    },
  },
  {
    name: 'a write that is refused leaves nothing of it in the transaction, whose body may go on',
    check: async ({ open }) => {
      const handle = ({ object }: { readonly object: ObjectInput }): AdmissionReply =>
        object.metadata.name === 'kept' ? { forbidden: 'it is kept' } : undefined
      const store = await open({
        admission: [{ name: 'keep', phase: 'validate', operations: ['delete'], handle }],
      })
      const { apiVersion, kind, metadata } = await store.create(Widget, widget('root'))
      const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }]
      for (const name of ['gone', 'kept', 'last'])
        await store.create(Widget, widget(name, {}, { ownerReferences }))
      const before = store.list(Widget).items
      const body = async (tx: Transaction): Promise<void> => {
        await claimRefused(() => tx.delete(Widget, refOf('root'), { cascade: 'atomic' }), 'Forbidden')
        claimEqual(tx.list(Widget).items, before, 'what the transaction sees')
        tx.create(Gadget, gadget('after'))
      }
      await store.optimistic(body)
      claimEqual(store.list(Widget).items, before, 'the objects')
      claim(store.get(Gadget, { name: 'after' }) !== undefined, 'what was written afterwards is there')
    },
  },
  {
    name: 'an optimistic transaction whose revision is no longer kept is committed if nothing has changed, or tried again',
    check: async world => {
      const store = await world.open({ logCapacity: 4 })
      await store.create(Widget, widget('a', { size: 0 }))
      await store.create(Widget, widget('other', { size: 0 }))
      let runs = 0
      const body = async (tx: Transaction): Promise<void> => {
        const size = tx.get(Widget, refOf('a'))?.spec.size ?? 0
        if (runs++ === 0)
          for (let other = 1; other <= 6; other++)
            await store.modify(Widget, refOf('other'), draft => void (draft.spec.size = other))
        tx.modify(Widget, refOf('a'), draft => void (draft.spec.size = size + 1))
      }
      await world.soon('the transaction', store.optimistic(body))
      claimEqual(store.get(Widget, refOf('a'))?.spec.size, 1, 'the size')
      // Some stores can tell without their history.
      claim(runs <= 2, 'it is tried once more at most')
    },
  },
  {
    name: 'an optimistic transaction is not committed over a change of what it read, however long ago that was',
    check: async world => {
      const store = await world.open({ logCapacity: 4 })
      await store.create(Widget, widget('read'))
      let runs = 0
      const body = async (tx: Transaction): Promise<void> => {
        const found = tx.get(Widget, refOf('read')) !== undefined
        tx.create(Widget, widget(found ? 'seen' : 'missed'))
        if (runs++ > 0) return
        await store.delete(Widget, refOf('read'))
        // What is kept for a transaction is limited: twice the log.
        for (let other = 0; other < 12; other++) await store.create(Widget, widget(`other-${other}`))
      }
      await world.soon('the transaction', store.optimistic(body))
      const [seen, missed] = ['seen', 'missed'].map(name => store.get(Widget, refOf(name)) !== undefined)
      claimEqual([seen, missed, runs], [false, true, 2], 'what it saw, and how often it ran')
    },
  },
  {
    name: 'a body that closes its store commits nothing',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a'))
      const { revision } = store
      const write = (): unknown =>
        store.transact(tx => {
          tx.delete(Widget, refOf('a'))
          void store.close()
        })
      await claimRefused(write, 'Closed')
      claimEqual(store.revision, revision, 'the revision')
    },
  },
  {
    name: 'a transaction is over when its body has returned',
    check: async ({ open }) => {
      const store = await open()
      let late: (() => unknown) | undefined
      await store.transact(tx => {
        late = () => tx.create(Widget, widget('late'))
      })
      await claimRefused(() => late?.(), 'Usage')
      claimEqual(store.list(Widget).items, [], 'the store')
    },
  },
  {
    name: 'a dry run answers as the write would, and changes nothing',
    check: async ({ open }) => {
      const store = await open()
      const made = await store.create(Widget, widget('a'))
      const before = contentOf(store)
      const dryRun = true
      const would = await store.update(Widget, { ...made, spec: { size: 4 } }, { dryRun })
      claimEqual([would.spec.size, would.metadata.generation], [4, 2], 'the answer')
      const { result, batch } = await store.transact(tx => tx.delete(Widget, refOf('a')), { dryRun })
      claimEqual(result.spec, made.spec, 'the result')
      claimEqual(
        batch?.events.map(({ type }) => type),
        ['DELETED'],
        'what watchers would be told',
      )
      claimEqual(contentOf(store), before, 'the store')
    },
  },
]
