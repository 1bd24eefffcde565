import type { Store, WatchBatch } from '../../store/index.js'
import { claim, claimEqual, claimMatch, claimRefused } from './claims.js'
import type { WidgetObject } from './kinds.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'
import { linesOf, record } from './tape.js'

/** A few writes of every sort; gives the revision before each. */
async function history(store: Store): Promise<readonly number[]> {
  const revisions: number[] = []
  const writes: readonly (() => Promise<unknown>)[] = [
    () => store.create(Widget, widget('a')),
    () => store.create(Widget, widget('b')),
    () => store.modify(Widget, refOf('a'), draft => void (draft.spec.size = 2)),
    () => store.create(Gadget, gadget('g')),
    () => store.modifyStatus(Widget, refOf('a'), draft => void (draft.status = { ready: 1 })),
    () => store.delete(Widget, refOf('b')),
    () => store.transact(tx => void [tx.create(Widget, widget('b')), tx.create(Widget, widget('c'))]),
    () => store.delete(Widget, refOf('a')),
  ]
  for (const write of writes) {
    revisions.push(store.revision)
    await write()
  }
  return revisions
}

export const watchLaws: readonly StoreLaw[] = [
  {
    name: 'every change is told once, in the order of revisions, as the object then was',
    check: async world => {
      const store = await world.open()
      const tape = record(world, store.watch(Widget))
      await history(store)
      const batches = await tape.through(store.revision)
      const told = batches.flatMap(({ events }) =>
        events.map(({ type, object }) => `${type} ${object.metadata.name}`),
      )
      const changes = ['ADDED a', 'ADDED b', 'MODIFIED a', 'MODIFIED a', 'DELETED b', 'ADDED b', 'ADDED c']
      claimEqual(told, [...changes, 'DELETED a'], 'what was told')
      for (const { revision, events } of batches)
        for (const { object } of events)
          claimEqual(object.metadata.resourceVersion, String(revision), 'the revision of an object')
      claim(
        batches.every(({ revision }, i) => i === 0 || revision > (batches[i - 1]?.revision ?? 0)),
        'revisions grow',
      )
    },
  },
  {
    name: 'a watch from any kept revision tells exactly what came after it',
    check: async world => {
      const store = await world.open()
      const start = store.revision
      const whole = record(world, store.watch(Widget, { since: start }))
      const revisions = await history(store)
      const all = linesOf(await whole.through(store.revision))
      for (const since of revisions) {
        const tail = linesOf(await record(world, store.watch(Widget, { since })).through(store.revision))
        const expected = all.filter(line => Number(line.split(' ')[0]) > since)
        claimEqual(tail, expected, `what a watch since ${since} tells`)
      }
    },
  },
  {
    name: 'a list and a watch from its revision leave no gap',
    check: async world => {
      const store = await world.open()
      await store.create(Widget, widget('a'))
      const { revision, items } = store.list(Widget)
      await store.create(Widget, widget('b'))
      const told = linesOf(
        await record(world, store.watch(Widget, { since: revision })).through(store.revision),
      )
      claimEqual([items.length, told], [1, [`${store.revision} ADDED b`]], 'list and watch')
    },
  },
  {
    name: 'initial events are what exists, then comes what changes',
    check: async world => {
      const store = await world.open()
      for (const name of ['b', 'a']) await store.create(Widget, widget(name))
      const { revision } = store
      const tape = record(world, store.watch(Widget, { sendInitialEvents: true }))
      await store.create(Widget, widget('c'))
      const [first, ...rest] = await tape.through(store.revision)
      claimMatch(first, { revision, initialEventsEnd: true }, 'the first batch')
      const names = first?.events.map(({ type, object }) => `${type} ${object.metadata.name}`)
      claimEqual(names, ['ADDED a', 'ADDED b'], 'what exists')
      claimEqual(linesOf(rest), [`${store.revision} ADDED c`], 'what changes')
    },
  },
  {
    name: 'a deletion tells the last state, under the revision of the deletion',
    check: async world => {
      const store = await world.open()
      const made = await store.create(Widget, widget('a', { size: 3 }))
      const tape = record(world, store.watch(Widget))
      await store.delete(Widget, refOf('a'))
      const [event] = (await tape.through(store.revision)).flatMap(({ events }) => events)
      const metadata = { uid: made.metadata.uid, resourceVersion: String(store.revision) }
      claimMatch(event, { type: 'DELETED', object: { spec: { size: 3 }, metadata } }, 'the event')
    },
  },
  {
    name: 'who enters a selector is added, who leaves it is deleted as it last was',
    check: async world => {
      const store = await world.open()
      await store.create(Widget, widget('a', {}, { labels: { app: 'db' } }))
      const tape = record(world, store.watch(Widget, { labelSelector: 'app=web' }))
      const relabel = (app: string): Promise<unknown> =>
        store.modify(Widget, refOf('a'), draft => void (draft.metadata.labels['app'] = app))
      await relabel('web')
      await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = 2))
      await relabel('db')
      await relabel('cache')
      await relabel('web')
      const events = (await tape.through(store.revision)).flatMap(batch => batch.events)
      claimEqual(
        events.map(({ type, object }) => `${type} ${object.metadata.labels['app']}`),
        ['ADDED web', 'MODIFIED web', 'DELETED web', 'ADDED web'],
        'the events',
      )
    },
  },
  {
    name: 'a watch of one namespace or name hears of nothing else',
    check: async world => {
      const store = await world.open()
      const scopes = [{ namespace: 'default' }, { namespace: 'default', name: 'a' }]
      const tapes = scopes.map(scope => record(world, store.watch(Widget, scope)))
      await store.create(Widget, widget('a'))
      await store.create(Widget, widget('b'))
      await store.create(Widget, widget('a', {}, { namespace: 'other' }))
      await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = 2))
      const names: unknown[] = []
      for (const tape of tapes)
        names.push(linesOf(await tape.through(store.revision)).map(line => line.split(' ')[2]))
      const expected = [
        ['a', 'b', 'a'],
        ['a', 'a'],
      ]
      claimEqual(names, expected, 'names')
    },
  },
  {
    name: 'refused writes and writes without effect are not told',
    check: async world => {
      const store = await world.open()
      const made = await store.create(Widget, widget('a'))
      const tape = record(world, store.watch(Widget))
      await claimRefused(() => store.create(Widget, widget('a')), 'AlreadyExists')
      await store.update(Widget, made)
      await store.create(Widget, widget('b'))
      claimEqual(linesOf(await tape.through(store.revision)), [`${store.revision} ADDED b`], 'what was told')
    },
  },
  {
    name: 'a start before what is kept is Expired, one that has not happened is FutureRevision',
    check: async ({ open }) => {
      const store = await open({ logCapacity: 4 })
      const first = await store.create(Widget, widget('a'))
      for (let size = 2; size < 12; size++)
        await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = size))
      const since = first.metadata.resourceVersion
      const error = await claimRefused(() => store.watch(Widget, { since }), 'Expired')
      const oldest = error.details['oldestAvailable']
      claim(typeof oldest === 'number' && oldest > Number(since), 'the error says from where it is possible')
      store.watch(Widget, { since: oldest as number }).close()
      await claimRefused(() => store.watch(Widget, { since: store.revision + 1000 }), 'FutureRevision')
    },
  },
  {
    name: 'nothing is told after close',
    check: async world => {
      const store = await world.open()
      const heard: string[] = []
      const closing = store.watch(Widget)
      closing.on(batch => {
        heard.push(...linesOf([batch]))
        closing.close()
      })
      const tape = record(world, store.watch(Widget))
      for (const name of ['a', 'b', 'c']) await store.create(Widget, widget(name))
      await tape.through(store.revision)
      claimEqual(
        heard.map(line => line.split(' ')[2]),
        ['a'],
        'what the closed watch heard',
      )
    },
  },
  {
    name: 'a write in a handler comes after the revision being told, for everybody',
    check: async world => {
      const store = await world.open()
      const first = store.watch(Widget)
      first.on(({ events }) => {
        // Whether it succeeds is told by the other watch.
        if (events.some(({ object }) => object.metadata.name === 'a'))
          store.create(Widget, widget('b')).catch(() => {})
      })
      const tape = record(world, store.watch(Widget))
      const made = await store.create(Widget, widget('a'))
      const lines = linesOf(await tape.through(Number(made.metadata.resourceVersion) + 1))
      claimEqual(
        lines.map(line => line.split(' ')[2]),
        ['a', 'b'],
        'the order',
      )
    },
  },
  {
    name: 'a handler that throws disturbs neither the writer nor other watchers',
    check: async world => {
      const store = await world.open()
      store.watch(Widget).on(() => {
        throw new RangeError('a handler that throws, on purpose')
      })
      const tape = record(world, store.watch(Widget))
      await store.create(Widget, widget('a'))
      await store.create(Widget, widget('b'))
      claimEqual(linesOf(await tape.through(store.revision)).length, 2, 'what the other one heard')
    },
  },
  {
    name: 'a watch can be read with for await, and leaving the loop closes it',
    check: async world => {
      const store = await world.open()
      const since = store.revision
      for (const name of ['a', 'b', 'c']) await store.create(Widget, widget(name))
      const iterator = store.watch(Widget, { since })[Symbol.asyncIterator]()
      const watch = { [Symbol.asyncIterator]: () => iterator }
      const read = async (): Promise<WatchBatch<WidgetObject>[]> => {
        const batches: WatchBatch<WidgetObject>[] = []
        for await (const batch of watch) if (batches.push(batch) === 2) break
        return batches
      }
      const batches = await world.soon('two batches', read())
      claimEqual(
        linesOf(batches).map(line => line.split(' ')[2]),
        ['a', 'b'],
        'what was read',
      )
      const { done } = await world.soon('the end of the watch', iterator.next())
      claim(done === true, 'the watch has ended with the loop')
    },
  },
]
