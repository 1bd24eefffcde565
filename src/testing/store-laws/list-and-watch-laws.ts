import type { Store, WatchBatch } from '../../store/index.js'
import { listAndWatch } from '../../store/index.js'
import { BrokenLawError, claim, claimEqual, claimMatch } from './claims.js'
import type { WidgetObject } from './kinds.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { LawWorld, StoreLaw } from './law.js'
import { linesOf, record } from './tape.js'

type Batch = WatchBatch<WidgetObject>

/** One batch at a time; what is not asked for is not read. */
function reader(world: LawWorld, batches: AsyncIterable<Batch>): () => Promise<Batch> {
  const iterator = batches[Symbol.asyncIterator]()
  return async () => {
    const { value } = await world.soon('a batch', iterator.next())
    if (value === undefined) throw new BrokenLawError('a batch', 'the end of the watch', 'a batch')
    return value as Batch
  }
}

const changesOf = ({ events }: Batch): readonly string[] =>
  events.map(({ type, object }) => `${type} ${object.metadata.name} ${object.spec.size}`)

/** What somebody knows who is told this. */
function learn(known: Map<string, WidgetObject>, { events }: Batch): void {
  for (const { type, object } of events) {
    if (type === 'DELETED') known.delete(object.metadata.name)
    else known.set(object.metadata.name, object)
  }
}

const resize = (store: Store, name: string, size: number): Promise<unknown> =>
  store.modify(Widget, refOf(name), draft => void (draft.spec.size = size))

export const listAndWatchLaws: readonly StoreLaw[] = [
  {
    name: 'a list and watch begins with what exists, then tells each revision',
    check: async world => {
      const store = await world.open()
      for (const name of ['b', 'a']) await store.create(Widget, widget(name))
      const { revision } = store
      const tape = record(world, listAndWatch(store, [Widget, Gadget]))
      await store.create(Gadget, gadget('g'))
      await store.delete(Widget, refOf('b'))
      const [first, ...rest] = await tape.through(store.revision)
      claimMatch(first, { revision, initialEventsEnd: true }, 'the first batch')
      const names = first?.events.map(({ type, object }) => `${type} ${object.metadata.name}`)
      claimEqual(names, ['ADDED a', 'ADDED b'], 'what exists')
      claimEqual(
        linesOf(rest).map(line => line.split(' ').slice(1).join(' ')),
        ['ADDED g', 'DELETED b'],
        'what changes',
      )
    },
  },
  {
    name: 'a list and watch tells what a gap has hidden as one difference, and goes on',
    check: async world => {
      const store = await world.open()
      for (const name of ['changed', 'gone', 'reborn', 'same']) await store.create(Widget, widget(name))
      const watch = listAndWatch(store, Widget)
      const next = reader(world, watch)
      const first = await next()
      const gone = await store.delete(Widget, refOf('gone'))
      await store.delete(Widget, refOf('reborn'))
      await store.create(Widget, widget('reborn', { size: 3 }))
      await store.create(Widget, widget('brief'))
      await store.delete(Widget, refOf('brief'))
      await resize(store, 'changed', 2)
      await store.create(Widget, widget('new'))
      await store.compact(store.revision)
      const second = await next()
      claimMatch(second, { revision: store.revision }, 'the difference')
      // Revisions may have gaps, in which nothing was changed.
      const { since = Number.NaN } = second
      claim(
        since >= first.revision && since < Number(gone.metadata.resourceVersion),
        'the gap begins where it does',
      )
      const expected = [
        'ADDED new 1',
        'ADDED reborn 3',
        'DELETED gone 1',
        'DELETED reborn 1',
        'MODIFIED changed 2',
      ]
      claimEqual(changesOf(second).toSorted(), expected, 'what it tells')
      await resize(store, 'new', 2)
      const third = await next()
      claimEqual([third.since, changesOf(third)], [undefined, ['MODIFIED new 2']], 'what comes then')
      watch.close()
    },
  },
  {
    name: 'who follows a list and watch through gaps knows what is listed',
    check: async world => {
      const store = await world.open()
      const watch = listAndWatch(store, Widget, { labelSelector: 'app=web' })
      const next = reader(world, watch)
      const known = new Map<string, WidgetObject>()
      learn(known, await next())
      for (let round = 0; round < 4; round++) {
        const app = round % 2 === 0 ? 'web' : 'db'
        await store.create(Widget, widget(`w${round}`, {}, { labels: { app: 'web' } }))
        await store.modify(Widget, refOf('w0'), draft => {
          draft.spec.size = round + 2
          draft.metadata.labels['app'] = app
        })
        if (round === 2) await store.delete(Widget, refOf('w1'))
        await store.compact(store.revision)
        learn(known, await next())
        const listed = store.list(Widget, { labelSelector: 'app=web' }).items
        const sorted = [...known.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
        claimEqual(sorted, listed, `what is known after gap ${round}`)
      }
      watch.close()
    },
  },
]
