import { claimEqual, claimMatch, claimRefusedWithoutEffect } from './claims.js'
import { refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

export const patchLaws: readonly StoreLaw[] = [
  {
    name: 'a JSON patch changes what it says, and nothing else',
    check: async ({ open }) => {
      const store = await open()
      const made = await store.create(Widget, widget('a', { size: 1, tags: ['x', 'z'] }))
      const next = await store.patch(
        Widget,
        refOf('a'),
        [
          { op: 'test', path: '/spec/size', value: 1 },
          { op: 'add', path: '/spec/tags/1', value: 'y' },
          { op: 'replace', path: '/spec/size', value: 2 },
          { op: 'add', path: '/metadata/labels/app', value: 'web' },
        ],
        { type: 'json' },
      )
      claimEqual(next.spec, { size: 2, tags: ['x', 'y', 'z'] }, 'spec')
      const { uid } = made.metadata
      claimMatch(next.metadata, { uid, generation: 2, labels: { app: 'web' } }, 'metadata')
      claimEqual(store.get(Widget, refOf('a')), next, 'get')
    },
  },
  {
    name: 'a JSON patch that does not fit in one operation changes nothing',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a', { size: 1 }))
      const first = { op: 'replace', path: '/spec/size', value: 2 } as const
      const bad = [
        { op: 'remove', path: '/spec/none' },
        { op: 'test', path: '/spec/size', value: 9 },
        { op: 'replace', path: '/spec/size', value: -1 },
        { op: 'replace', path: '/metadata/name', value: 'b' },
      ] as const
      for (const second of bad) {
        const write = (): unknown => store.patch(Widget, refOf('a'), [first, second], { type: 'json' })
        await claimRefusedWithoutEffect(store, write, 'Invalid')
      }
      const broken = [{ op: 'nothing', path: '/spec' }] as never
      const write = (): unknown => store.patch(Widget, refOf('a'), broken, { type: 'json' })
      await claimRefusedWithoutEffect(store, write, 'BadRequest')
    },
  },
  {
    name: 'a merge patch merges members, and null removes one',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a', { node: 'n1', tags: ['x'] }, { labels: { a: '1', b: '2' } }))
      const patch = { metadata: { labels: { a: null, c: '3' } }, spec: { node: null, tags: ['y'] } }
      const next = await store.patch(Widget, refOf('a'), patch, { type: 'merge' })
      claimEqual(
        [next.spec, next.metadata.labels],
        [
          { size: 1, tags: ['y'] },
          { b: '2', c: '3' },
        ],
        'the object',
      )
    },
  },
  {
    name: 'a resourceVersion in a patch is a precondition',
    check: async ({ open }) => {
      const store = await open()
      const first = await store.create(Widget, widget('a'))
      await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = 2))
      const { resourceVersion } = first.metadata
      const patch = { metadata: { resourceVersion }, spec: { size: 3 } }
      const write = (): unknown => store.patch(Widget, refOf('a'), patch, { type: 'merge' })
      await claimRefusedWithoutEffect(store, write, 'Conflict')
      const free = await store.patch(Widget, refOf('a'), { spec: { size: 3 } }, { type: 'merge' })
      claimEqual(free.spec.size, 3, 'without one it is applied to the newest')
    },
  },
  {
    name: 'a patch of the status leaves the rest alone, and the other way round',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a', { size: 1 }))
      const patch = { spec: { size: 9 }, status: { ready: 1 } }
      const options = { type: 'merge', subresource: 'status' } as const
      const status = await store.patch(Widget, refOf('a'), patch, options)
      claimEqual([status.spec, status.status], [{ size: 1 }, { ready: 1 }], 'a patch of the status')
      const again = { spec: { size: 2 }, status: { ready: 7 } }
      const spec = await store.patch(Widget, refOf('a'), again, { type: 'merge' })
      claimEqual([spec.spec, spec.status], [{ size: 2 }, { ready: 1 }], 'a patch of the rest')
    },
  },
  {
    name: 'a resourceVersion or uid that is no text is refused, not ignored',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a'))
      const merge = { type: 'merge' } as const
      for (const metadata of [{ resourceVersion: 1 as never }, { uid: 1 as never }]) {
        const patch = { metadata, spec: { size: 5 } }
        await claimRefusedWithoutEffect(store, () => store.patch(Widget, refOf('a'), patch, merge), 'Invalid')
        const deletion = (): unknown => store.delete(Widget, refOf('a'), { preconditions: metadata })
        await claimRefusedWithoutEffect(store, deletion, 'Invalid')
      }
    },
  },
  {
    name: 'apply sets what a manager wants, and takes away what it no longer wants',
    check: async ({ open }) => {
      const store = await open()
      const mine = { type: 'apply', fieldManager: 'mine' } as const
      const made = await store.patch(Widget, refOf('a'), { spec: { size: 2, node: 'n1' } }, mine)
      claimEqual(made.spec, { size: 2, node: 'n1' }, 'apply creates what is missing')
      const theirs = { type: 'apply', fieldManager: 'theirs' } as const
      await store.patch(Widget, refOf('a'), { metadata: { labels: { app: 'web' } } }, theirs)
      const next = await store.patch(Widget, refOf('a'), { spec: { size: 3 } }, mine)
      claimEqual([next.spec, next.metadata.labels], [{ size: 3 }, { app: 'web' }], 'after the second apply')
      const { revision } = store
      await store.patch(Widget, refOf('a'), { spec: { size: 3 } }, mine)
      claimEqual(store.revision, revision, 'to apply the same again changes nothing')
    },
  },
  {
    name: 'apply conflicts with other managers of a field, unless it is forced',
    check: async ({ open }) => {
      const store = await open()
      await store.patch(Widget, refOf('a'), { spec: { size: 2 } }, { type: 'apply', fieldManager: 'theirs' })
      const mine = { type: 'apply', fieldManager: 'mine' } as const
      const write = (): unknown => store.patch(Widget, refOf('a'), { spec: { size: 5 } }, mine)
      await claimRefusedWithoutEffect(store, write, 'ApplyConflict')
      await store.patch(Widget, refOf('a'), { spec: { size: 2 } }, mine)
      const forced = await store.patch(Widget, refOf('a'), { spec: { size: 5 } }, { ...mine, force: true })
      claimEqual(forced.spec.size, 5, 'with force')
    },
  },
]
