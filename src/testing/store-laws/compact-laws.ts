import type { Store } from '../../store/index.js'
import { claim, claimEqual, claimMatch, claimRefused, contentOf } from './claims.js'
import { refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'
import { linesOf, record } from './tape.js'

/** A widget of size 0, 1, 2 and so on; gives the revision of each. */
async function grown(store: Store): Promise<readonly number[]> {
  const { metadata } = await store.create(Widget, widget('a', { size: 0 }))
  const revisions = [Number(metadata.resourceVersion)]
  for (let size = 1; size < 8; size++) {
    const after = await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = size))
    revisions.push(Number(after.metadata.resourceVersion))
  }
  return revisions
}

/** The revision of that size. */
function at(revisions: readonly number[], size: number): number {
  return revisions[size] ?? Number.NaN
}

const exactly = (resourceVersion: number): { resourceVersion: number; resourceVersionMatch: 'Exact' } => ({
  resourceVersion,
  resourceVersionMatch: 'Exact',
})

export const compactLaws: readonly StoreLaw[] = [
  {
    name: 'compaction refuses what was before its revision, and says from where reads are possible',
    check: async ({ open }) => {
      const store = await open()
      const revisions = await grown(store)
      await store.compact(at(revisions, 4))
      const old = at(revisions, 3)
      const reads: readonly (() => unknown)[] = [
        () => store.snapshot(old),
        () => store.list(Widget, exactly(old)),
        () => store.watch(Widget, { since: old }),
      ]
      for (const read of reads) {
        const { details } = await claimRefused(read, 'Expired')
        const oldest = details['oldestAvailable']
        claim(typeof oldest === 'number' && oldest > old, 'the error says what is there')
        store.watch(Widget, { since: oldest as number }).close()
        store.snapshot(oldest as number).close()
      }
    },
  },
  {
    name: 'compaction leaves what came after, and changes nothing that there is',
    check: async world => {
      const store = await world.open()
      const revisions = await grown(store)
      const content = contentOf(store)
      const tape = record(world, store.watch(Widget))
      await store.compact(at(revisions, 4))
      claimEqual(contentOf(store), content, 'the content')
      for (const size of [4, 5, 6, 7]) {
        using then = store.snapshot(at(revisions, size))
        claimEqual(
          then.get(Widget, refOf('a'))?.spec.size,
          size,
          `the size at revision ${at(revisions, size)}`,
        )
      }
      const rest = await record(world, store.watch(Widget, { since: at(revisions, 4) })).through(
        store.revision,
      )
      const sizes = rest.flatMap(({ events }) => events.map(({ object }) => object.spec.size))
      claimEqual(sizes, [5, 6, 7], 'a watch from the compacted revision')
      await store.create(Widget, widget('b'))
      claimEqual(linesOf(await tape.through(store.revision)), [`${store.revision} ADDED b`], 'what is told')
    },
  },
  {
    name: 'what was compacted cannot be again, nor what has not happened',
    check: async ({ open }) => {
      const store = await open()
      const revisions = await grown(store)
      await store.compact(at(revisions, 4))
      await claimRefused(() => store.compact(at(revisions, 4)), 'Expired')
      await claimRefused(() => store.compact(at(revisions, 2)), 'Expired')
      await claimRefused(() => store.compact(store.revision + 1000), 'FutureRevision')
      await claimRefused(() => store.compact('yesterday'), 'BadRequest')
      await store.compact(at(revisions, 6))
    },
  },
  {
    name: 'compaction ends watchers that have not read what goes, and no others',
    check: async world => {
      const store = await world.open()
      const slow = store.watch(Widget)
      const quick = record(world, store.watch(Widget))
      const revisions = await grown(store)
      await quick.through(store.revision)
      await store.compact(at(revisions, 6))
      const error = await record(world, slow).end()
      claimMatch(error, { code: 'SlowConsumer' }, 'the end of the slow one')
      const since = (error as { readonly oldestAvailable: number }).oldestAvailable
      await store.create(Widget, widget('b'))
      for (const tape of [quick, record(world, store.watch(Widget, { since }))]) {
        const last = linesOf(await tape.through(store.revision)).at(-1)
        claimEqual(last, `${store.revision} ADDED b`, 'what the others are told')
      }
    },
  },
  {
    name: 'an open snapshot outlives compaction, a continue token does not',
    check: async ({ open }) => {
      const store = await open()
      for (const name of ['x', 'y', 'z']) await store.create(Widget, widget(name))
      const snapshot = store.snapshot()
      const before = snapshot.list(Widget).items
      const token = store.list(Widget, { limit: 2 }).continue ?? ''
      await grown(store)
      await store.delete(Widget, refOf('y'))
      await store.compact(store.revision)
      claimEqual(snapshot.list(Widget).items, before, 'the snapshot')
      snapshot.close()
      const { details } = await claimRefused(() => store.list(Widget, { continue: token }), 'Expired')
      const { items } = store.list(Widget, { continue: details['continue'] as string })
      const names = items.map(({ metadata }) => metadata.name)
      claimEqual(names, ['z'], 'the rest, as it is now')
    },
  },
]
