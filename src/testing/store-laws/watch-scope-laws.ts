import type { Watch, WatchOptions } from '../../store/index.js'
import { claim, claimEqual, claimMatch, claimRefused } from './claims.js'
import type { WidgetObject } from './kinds.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'
import { linesOf, record } from './tape.js'

export const watchScopeLaws: readonly StoreLaw[] = [
  {
    name: 'a watch of several kinds has one order over all of them',
    check: async world => {
      const store = await world.open()
      const tape = record(world, store.watch([Widget, Gadget]))
      await store.create(Widget, widget('a'))
      await store.create(Gadget, gadget('b'))
      await store.transact(tx => {
        tx.create(Gadget, gadget('c'))
        tx.create(Widget, widget('d'))
      })
      const batches = await tape.through(store.revision)
      claimEqual(
        batches.map(({ events }) => events.map(({ object }) => `${object.kind} ${object.metadata.name}`)),
        [['Widget a'], ['Gadget b'], ['Gadget c', 'Widget d']],
        'the batches',
      )
    },
  },
  {
    name: 'whatever a watch is narrowed by, it tells who comes in, stays and leaves',
    check: async world => {
      const store = await world.open()
      const scopes: readonly WatchOptions[] = [
        { labelSelector: 'app=web' },
        { labelSelector: 'app in (web, api),!old' },
        { fieldSelector: 'spec.node=n1' },
        { index: { name: 'node', value: 'n1' } },
        { index: { name: 'tag', value: 'x' }, labelSelector: 'app' },
        { names: { from: 'b' } },
        { owner: 'u-1' },
      ]
      const tests: readonly ((object: WidgetObject) => boolean)[] = [
        ({ metadata }) => metadata.labels['app'] === 'web',
        ({ metadata: { labels } }) => ['web', 'api'].includes(labels['app'] ?? '') && !('old' in labels),
        ({ spec }) => spec.node === 'n1',
        ({ spec }) => spec.node === 'n1',
        ({ spec, metadata }) => (spec.tags?.includes('x') ?? false) && 'app' in metadata.labels,
        ({ metadata }) => metadata.name >= 'b',
        ({ metadata }) => metadata.ownerReferences.some(({ uid }) => uid === 'u-1'),
      ]
      const whole = record(world, store.watch(Widget))
      const tapes = scopes.map(scope => record(world, store.watch(Widget, scope)))
      await store.create(Widget, widget('a', { node: 'n1', tags: ['x'] }, { labels: { app: 'web' } }))
      await store.create(Widget, widget('b', { node: 'n2' }, { labels: { app: 'api' } }))
      await store.modify(Widget, refOf('b'), draft => void (draft.spec.node = 'n1'))
      await store.modify(Widget, refOf('a'), draft => void (draft.metadata.labels['old'] = ''))
      await store.modify(Widget, refOf('a'), draft => void (draft.metadata.labels['app'] = 'db'))
      await store.modify(Widget, refOf('b'), draft => void (draft.spec.tags = ['x', 'y']))
      await store.modify(Widget, refOf('a'), draft => void (draft.spec.node = 'n3'))
      const owner = { apiVersion: 'laws/v1', kind: 'Widget', name: 'b', uid: 'u-1' }
      await store.modify(Widget, refOf('a'), draft => void draft.metadata.ownerReferences.push(owner))
      await store.modify(Widget, refOf('a'), draft => void (draft.metadata.ownerReferences = []))
      await store.delete(Widget, refOf('b'))
      await store.delete(Widget, refOf('a'))
      const changes = (await whole.through(store.revision)).flatMap(({ revision, events }) =>
        events.map(event => ({ revision, ...event })),
      )
      for (const [at, matches] of tests.entries()) {
        const expected = changes.flatMap(({ revision, object, before, after }) => {
          const was = before !== undefined && matches(before)
          const is = after !== undefined && matches(after)
          if (!was && !is) return []
          const told = was && is ? 'MODIFIED' : is ? 'ADDED' : 'DELETED'
          return [`${revision} ${told} ${object.metadata.name}`]
        })
        const last = expected.at(-1)?.split(' ')[0] ?? ''
        claimEqual(linesOf((await tapes[at]?.through(last)) ?? []), expected, JSON.stringify(scopes[at]))
      }
    },
  },
  {
    name: 'shares of a watch are disjoint and together everything, whatever else narrows it',
    check: async world => {
      const store = await world.open()
      const names = Array.from({ length: 12 }, (_, i) => `w${String(i).padStart(2, '0')}`)
      const scopes: readonly WatchOptions[] = [
        {},
        { labelSelector: 'app=web' },
        { fieldSelector: 'spec.node=n1' },
        { index: { name: 'node', value: 'n1' } },
      ]
      const open = (scope: WatchOptions): readonly Watch<WidgetObject>[] =>
        [0, 1, 2].map(index => store.watch(Widget, { ...scope, shard: { of: 3, index } }))
      /** Read up to a mark at the end: a share may have nothing of the last revision. */
      const told = async (watches: readonly Watch<WidgetObject>[]): Promise<readonly string[]> => {
        const tapes = watches.map(watch => record(world, watch))
        for (const watch of watches) watch.requestProgress()
        for (const tape of tapes) await tape.through(store.revision)
        const lines = tapes.flatMap(({ batches }) => linesOf(batches))
        return lines.map(line => line.split(' ')[2] ?? '').toSorted()
      }
      const live = scopes.map(open)
      for (const name of names)
        await store.create(Widget, widget(name, { node: 'n1' }, { labels: { app: 'web' } }))
      for (const [at, scope] of scopes.entries()) {
        const shown = JSON.stringify(scope)
        claimEqual(await told(live[at] ?? []), names, `the changes of ${shown}`)
        const initial = open({ ...scope, sendInitialEvents: true })
        claimEqual(await told(initial), names, `the initial events of ${shown}`)
      }
    },
  },
  {
    name: 'a bookmark comes when it is asked for, after everything before it',
    check: async world => {
      const store = await world.open()
      await store.create(Widget, widget('a'))
      const watch = store.watch(Widget)
      const tape = record(world, watch)
      await store.create(Widget, widget('b'))
      await store.create(Gadget, gadget('not watched'.replace(' ', '-')))
      watch.requestProgress()
      const batches = await tape.through(store.revision)
      const [first, last] = [batches[0], batches.at(-1)]
      claimEqual(linesOf(first === undefined ? [] : [first]).length, 1, 'the change comes first')
      claimMatch(last, { bookmark: true, revision: store.revision, events: [] }, 'the bookmark')
      claim(batches.length === 2, 'there is nothing else')
      const after = record(world, store.watch(Widget, { since: last?.revision ?? 0 }))
      await store.create(Widget, widget('c'))
      const lines = linesOf(await after.through(store.revision))
      claimEqual(lines, [`${store.revision} ADDED c`], 'a watch from the bookmark')
    },
  },
  {
    name: 'a watcher that falls too far behind ends, and is told where to go on',
    check: async world => {
      const store = await world.open({ logCapacity: 4 })
      const watch = store.watch(Widget)
      await store.create(Widget, widget('a'))
      for (let size = 2; size < 20; size++)
        await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = size))
      const tape = record(world, watch)
      const error = await tape.end()
      claimMatch(error, { code: 'SlowConsumer' }, 'the end')
      const { oldestAvailable } = error as { readonly oldestAvailable: number }
      const next = record(world, store.watch(Widget, { since: oldestAvailable }))
      const told = (await next.through(store.revision)).at(-1)?.events[0]?.object.spec.size
      claimEqual(told, 19, 'a watch from there')
    },
  },
  {
    name: 'a watcher that coalesces hears the net effect of what it missed',
    check: async world => {
      const store = await world.open()
      const watch = store.watch(Widget, { slowConsumer: 'coalesce', bufferLimit: 2 })
      await store.create(Widget, widget('a'))
      await store.create(Widget, widget('gone'))
      for (let size = 2; size < 20; size++)
        await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = size))
      await store.delete(Widget, refOf('gone'))
      const batches = await record(world, watch).through(store.revision)
      claim(batches.length < 20, 'there are fewer batches than writes')
      const known = new Map<string, unknown>()
      for (const { type, object } of batches.flatMap(({ events }) => events)) {
        if (type === 'DELETED') known.delete(object.metadata.name)
        else known.set(object.metadata.name, object.spec)
      }
      claimEqual([...known], [['a', { size: 19 }]], 'what it knows in the end')
    },
  },
  {
    name: 'a watcher that coalesces hears of a gap in which changes have cancelled each other',
    check: async world => {
      const store = await world.open()
      const since = store.revision
      const watch = store.watch(Widget, { slowConsumer: 'coalesce', bufferLimit: 1 })
      for (let round = 0; round < 3; round++) {
        await store.create(Widget, widget('brief'))
        await store.delete(Widget, refOf('brief'))
      }
      await store.create(Widget, widget('a'))
      const [gap, ...rest] = await record(world, watch).through(store.revision)
      claimMatch(gap, { since, events: [], bookmark: true }, 'the gap')
      claimEqual(
        rest.flatMap(({ events }) => events.map(({ type }) => type)).at(-1),
        'ADDED',
        'what comes last',
      )
    },
  },
  {
    name: 'an event says what has changed',
    check: async world => {
      const store = await world.open()
      await store.create(Widget, widget('a', { size: 1, tags: ['x'] }))
      const tape = record(world, store.watch(Widget))
      await store.modify(Widget, refOf('a'), draft => void draft.spec.tags?.push('y'))
      const event = (await tape.through(store.revision))[0]?.events[0]
      claimEqual(event?.before?.spec.tags, ['x'], 'the object before')
      const paths = event?.patch?.map(({ path }) => path).filter(path => path.startsWith('/spec'))
      claimEqual(paths, ['/spec/tags/1'], 'the patch')
    },
  },
  {
    name: 'a watch that cannot be is refused',
    check: async ({ open }) => {
      const store = await open()
      const bad: readonly WatchOptions[] = [
        { labelSelector: 'a===b' },
        { index: { name: 'nope', value: 'x' } },
        { since: 'yesterday' },
      ]
      for (const options of bad) await claimRefused(() => store.watch(Widget, options), 'BadRequest')
    },
  },
]
