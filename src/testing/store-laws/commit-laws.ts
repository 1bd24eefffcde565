import type { Client } from '../../store/index.js'
import { claimEqual } from './claims.js'
import { refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

type Committed = (revision: number | undefined) => void
type Verb = (client: Client, committed: Committed, size: number) => Promise<unknown>

/** Each gives a widget the size that it may have already. */
const resizes: Readonly<Record<string, Verb>> = {
  update: (client, committed, size) =>
    client.update(Widget, { ...current(client), spec: { size } }, { committed }),
  modify: (client, committed, size) =>
    client.modify(Widget, refOf('a'), draft => void (draft.spec.size = size), { committed }),
  patch: (client, committed, size) =>
    client.patch(Widget, refOf('a'), { spec: { size } }, { type: 'merge', committed }),
  updateStatus: (client, committed, size) =>
    client.updateStatus(Widget, { ...current(client), status: { ready: size } }, { committed }),
  modifyStatus: (client, committed, size) =>
    client.modifyStatus(Widget, refOf('a'), draft => void (draft.status = { ready: size }), { committed }),
  transact: (client, committed, size) =>
    client.transact(tx => tx.modify(Widget, refOf('a'), draft => void (draft.spec.size = size)), {
      committed,
    }),
  optimistic: (client, committed, size) =>
    client.optimistic(async tx => tx.modify(Widget, refOf('a'), draft => void (draft.spec.size = size)), {
      committed,
    }),
}

export const commitLaws: readonly StoreLaw[] = [
  {
    name: 'whoever asks hears the revision of a write, and of one that changes nothing that it has none',
    check: async ({ open }) => {
      const store = await open()
      const heard: (number | undefined)[] = []
      const committed: Committed = revision => void heard.push(revision)
      await store.create(Widget, widget('a'), { committed })
      claimEqual(heard.splice(0), [store.revision], 'create')
      for (const client of [store, store.client(store.env)]) {
        let size = client === store ? 10 : 20
        for (const [verb, resize] of Object.entries(resizes)) {
          await resize(client, committed, ++size)
          claimEqual(heard.splice(0), [store.revision], `${verb} that changes something`)
          await resize(client, committed, size)
          claimEqual(heard.splice(0), [undefined], `${verb} that changes nothing`)
        }
      }
      await store.delete(Widget, refOf('a'), { committed })
      claimEqual(heard, [store.revision], 'delete')
    },
  },
  {
    name: 'of a write that changes nothing nobody hears the revision of another one',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a', { size: 1 }))
      const client = store.client(store.env)
      for (const [verb, resize] of Object.entries(resizes)) {
        const size = current(client).spec.size ?? 1
        await client.modifyStatus(Widget, refOf('a'), draft => void (draft.status = { ready: size }))
        const heard: (number | undefined)[] = []
        const writing = resize(client, revision => void heard.push(revision), size)
        await store.modify(Widget, refOf('a'), draft => void (draft.metadata.labels['by'] = verb))
        // One that was given an older object may be refused, and is told nothing then.
        await writing.catch(() => {})
        claimEqual(
          heard.filter(revision => revision !== undefined),
          [],
          verb,
        )
      }
    },
  },
  {
    name: 'a write that is refused, or is a dry run, tells no revision',
    check: async ({ open }) => {
      const store = await open()
      const stored = await store.create(Widget, widget('a'))
      const heard: (number | undefined)[] = []
      const committed: Committed = revision => void heard.push(revision)
      await store.create(Widget, widget('a'), { committed }).catch(() => {})
      await store.delete(Widget, refOf('missing'), { committed }).catch(() => {})
      await store
        .transact(
          () => {
            throw new RangeError('no')
          },
          { committed },
        )
        .catch(() => {})
      claimEqual(heard, [], 'of refused writes')
      const changed = { ...stored, spec: { size: 7 } }
      await store.update(Widget, changed, { committed, dryRun: true })
      claimEqual(heard, [undefined], 'of a dry run')
    },
  },
  {
    name: 'what the listener of a write throws does not undo the write',
    check: async ({ open }) => {
      const store = await open()
      const committed: Committed = () => {
        throw new RangeError('no')
      }
      await store.create(Widget, widget('a'), { committed })
      claimEqual(store.get(Widget, refOf('a'))?.metadata.name, 'a', 'the object')
    },
  },
]

function current(client: Client) {
  const object = client.get(Widget, refOf('a'))
  if (object === undefined) throw new RangeError('the widget is missing')
  return object
}
