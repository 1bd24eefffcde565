import type { ModifyOptions, WriteOptions } from '../../store/index.js'
import { claim, claimEqual, claimMatch, claimRefusedWithoutEffect } from './claims.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

export const updateLaws: readonly StoreLaw[] = [
  {
    name: 'an update replaces spec and labels, and keeps who the object is',
    check: async ({ open }) => {
      const store = await open()
      const made = await store.create(Widget, widget('a', { size: 1, node: 'n1' }, { labels: { a: '1' } }))
      const input = { ...made, metadata: { ...made.metadata, labels: { b: '2' } }, spec: { size: 2 } }
      const next = await store.update(Widget, input)
      const { uid, creationTimestamp } = made.metadata
      claimMatch(next.metadata, { uid, creationTimestamp, labels: { b: '2' } }, 'metadata')
      claimEqual(Object.keys(next.metadata.labels), ['b'], 'labels')
      claimEqual(next.spec, { size: 2 }, 'spec')
      claimEqual(store.get(Widget, refOf('a')), next, 'get')
    },
  },
  {
    name: 'generation counts changes of the spec, not those of metadata or status',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a'))
      const ref = refOf('a')
      const labelled = await store.modify(Widget, ref, draft => void (draft.metadata.labels['x'] = '1'))
      claimEqual(labelled.metadata.generation, 1, 'after a label')
      const ready = await store.modifyStatus(Widget, ref, draft => void (draft.status = { ready: 1 }))
      claimEqual(ready.metadata.generation, 1, 'after a status')
      const grown = await store.modify(Widget, ref, draft => void (draft.spec.size = 5))
      claimEqual(grown.metadata.generation, 2, 'after a spec')
    },
  },
  {
    name: 'a write that changes nothing takes no revision',
    check: async ({ open }) => {
      const store = await open()
      const made = await store.create(Widget, widget('a', { size: 2 }))
      const { revision } = store
      claimEqual(await store.update(Widget, { ...made, spec: { size: 2 } }), made, 'update')
      claimEqual(await store.modify(Widget, refOf('a'), () => {}), made, 'modify')
      claimEqual(store.revision, revision, 'the revision')
    },
  },
  {
    name: 'a stale update is a conflict that names both versions',
    check: async ({ open }) => {
      const store = await open()
      const first = await store.create(Widget, widget('a'))
      const second = await store.update(Widget, { ...first, spec: { size: 2 } })
      const late = (): unknown => store.update(Widget, { ...first, spec: { size: 3 } })
      await claimRefusedWithoutEffect(store, late, 'Conflict', {
        field: 'resourceVersion',
        expected: first.metadata.resourceVersion,
        actual: second.metadata.resourceVersion,
      })
    },
  },
  {
    name: 'an update without a resourceVersion is refused, unless it is meant',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a'))
      await claimRefusedWithoutEffect(store, () => store.update(Widget, widget('a', { size: 2 })), 'Invalid')
      const forced = await store.update(Widget, widget('a', { size: 2 }), { unconditional: true })
      claimEqual(forced.spec.size, 2, 'an unconditional update')
    },
  },
  {
    name: 'the uid of another object is a conflict',
    check: async ({ open }) => {
      const store = await open()
      const old = await store.create(Widget, widget('a'))
      await store.delete(Widget, refOf('a'))
      const young = await store.create(Widget, widget('a'))
      claim(young.metadata.uid !== old.metadata.uid, 'an object of the same name has another uid')
      const late = { ...young, metadata: { ...young.metadata, uid: old.metadata.uid }, spec: { size: 9 } }
      await claimRefusedWithoutEffect(store, () => store.update(Widget, late), 'Conflict', { field: 'uid' })
      const preconditions = { uid: old.metadata.uid }
      const remove = (): unknown => store.delete(Widget, refOf('a'), { preconditions })
      await claimRefusedWithoutEffect(store, remove, 'Conflict', { field: 'uid' })
    },
  },
  {
    name: 'what does not exist cannot be changed',
    check: async ({ open }) => {
      const store = await open()
      const ref = refOf('none')
      const input = widget('none', {}, { resourceVersion: '1' })
      const writes: readonly (() => unknown)[] = [
        () => store.update(Widget, input),
        () => store.updateStatus(Widget, input),
        () => store.modify(Widget, ref, () => {}),
        () => store.modifyStatus(Widget, ref, () => {}),
        () => store.delete(Widget, ref),
      ]
      const details = { kind: 'Widget', ...ref }
      for (const write of writes) await claimRefusedWithoutEffect(store, write, 'NotFound', details)
      claimEqual(store.get(Widget, ref), undefined, 'get')
    },
  },
  {
    name: 'recipes run on the newest object, so that none is lost',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a', { size: 0 }))
      const add = (): Promise<unknown> =>
        store.modify(Widget, refOf('a'), draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1))
      await Promise.all(Array.from({ length: 10 }, add))
      claimEqual(store.get(Widget, refOf('a'))?.spec.size, 10, 'the sum')
    },
  },
  {
    name: 'a recipe that throws, or makes another object of it, changes nothing',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a'))
      const { revision } = store
      const failure = new RangeError('no')
      const error: unknown = await store
        .modify(Widget, refOf('a'), draft => {
          draft.spec.size = 5
          throw failure
        })
        .catch((reason: unknown) => reason)
      claim(error === failure, 'the error of the recipe is the error of the write')
      claimEqual([store.revision, store.get(Widget, refOf('a'))?.spec], [revision, { size: 1 }], 'the store')
      const rename = (): unknown =>
        store.modify(Widget, refOf('a'), draft => void (draft.metadata.name = 'b'))
      await claimRefusedWithoutEffect(store, rename, 'Invalid')
    },
  },
  {
    name: 'preconditions and guards are judged in the commit',
    check: async ({ open }) => {
      const store = await open()
      const other = await store.create(Gadget, gadget('g'))
      await store.create(Widget, widget('a', { size: 1 }))
      const here = { kind: Gadget, ref: { name: 'g' } }
      const { resourceVersion } = other.metadata
      const grow = (options: ModifyOptions & WriteOptions): unknown =>
        store.modify(Widget, refOf('a'), draft => void (draft.spec.size = 2), options)
      const unmet: readonly (ModifyOptions & WriteOptions)[] = [
        { preconditions: { fieldSelector: 'spec.size=2' } },
        { guards: [{ ...here, resourceVersion: '0' }] },
        { guards: [{ ...here, exists: false }] },
        { guards: [{ kind: Gadget, ref: { name: 'none' } }] },
      ]
      for (const options of unmet) await claimRefusedWithoutEffect(store, () => grow(options), 'Conflict')
      const preconditions = { fieldSelector: 'spec.size=1' }
      await grow({ preconditions, guards: [{ ...here, resourceVersion }] })
      claimEqual(store.get(Widget, refOf('a'))?.spec.size, 2, 'the size')
    },
  },
  {
    name: 'spec and status have writers of their own',
    check: async ({ open }) => {
      const store = await open()
      const input = { ...widget('a', { size: 1 }), status: { ready: 7 } }
      const read = await store.create(Widget, input)
      claimEqual(read.status, undefined, 'create leaves the status alone')
      const spec = await store.update(Widget, { ...read, spec: { size: 2 }, status: { ready: 7 } })
      claimEqual(spec.status, undefined, 'so does update')
      // Written with the version before the spec changed: that is nobody’s conflict.
      const status = await store.updateStatus(Widget, { ...read, spec: { size: 9 }, status: { ready: 1 } })
      claimEqual([status.spec, status.status], [{ size: 2 }, { ready: 1 }], 'a status write')
      const late = (): unknown => store.updateStatus(Widget, { ...read, status: { ready: 2 } })
      await claimRefusedWithoutEffect(store, late, 'Conflict')
    },
  },
  {
    name: 'without a status subresource the status is part of the object',
    check: async ({ open }) => {
      const store = await open()
      const made = await store.create(Gadget, { ...gadget('a'), status: { ready: 1 } })
      claimEqual(made.status, { ready: 1 }, 'create')
      const next = await store.update(Gadget, { ...made, status: { ready: 2 } })
      claimMatch(next, { status: { ready: 2 }, metadata: { generation: 2 } }, 'update')
      await claimRefusedWithoutEffect(store, () => store.updateStatus(Gadget, next), 'Usage')
    },
  },
]
