import { claim, claimEqual, claimMatch, claimRefusedWithoutEffect } from './claims.js'
import { refOf, Sprocket, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

const finalizers = ['laws/first', 'laws/second']

export const deletionLaws: readonly StoreLaw[] = [
  {
    name: 'what is deleted is gone, under a revision of its own',
    check: async ({ open }) => {
      const store = await open()
      const made = await store.create(Widget, widget('a', { node: 'n1' }, { labels: { app: 'web' } }))
      const last = await store.delete(Widget, refOf('a'))
      claimEqual(last.spec, made.spec, 'the last state')
      claim(
        Number(last.metadata.resourceVersion) > Number(made.metadata.resourceVersion),
        'the deletion has a revision',
      )
      claimEqual(store.get(Widget, refOf('a')), undefined, 'get')
      const index = { name: 'node', value: 'n1' }
      for (const options of [{}, { index }, { labelSelector: 'app=web' }])
        claimEqual(store.list(Widget, options).items, [], 'list')
    },
  },
  {
    name: 'finalizers hold an object until the last of them is taken away',
    check: async ({ open }) => {
      const store = await open()
      const ref = refOf('a')
      await store.create(Widget, widget('a', {}, { finalizers }))
      const marked = await store.delete(Widget, ref)
      claim(marked.metadata.deletionTimestamp !== undefined, 'it is marked')
      claimEqual(marked.metadata.generation, 2, 'the mark counts as a change')
      claimEqual(store.get(Widget, ref), marked, 'it stays')
      const taken = (): unknown => store.create(Widget, widget('a'))
      await claimRefusedWithoutEffect(store, taken, 'AlreadyExists', { deleting: true })
      const one = await store.modify(Widget, ref, draft => void draft.metadata.finalizers.shift())
      claimEqual(one.metadata.finalizers, ['laws/second'], 'one is left')
      await store.modify(Widget, ref, draft => void draft.metadata.finalizers.shift())
      claimEqual(store.get(Widget, ref), undefined, 'it is gone with the last one')
      await store.create(Widget, widget('a'))
    },
  },
  {
    name: 'an object that is being deleted gets no new finalizers and does not come back',
    check: async ({ open }) => {
      const store = await open()
      const ref = refOf('a')
      await store.create(Widget, widget('a', {}, { finalizers }))
      const marked = await store.delete(Widget, ref)
      const add = (): unknown =>
        store.modify(Widget, ref, draft => void draft.metadata.finalizers.push('laws/third'))
      await claimRefusedWithoutEffect(store, add, 'Invalid')
      const { deletionTimestamp, ...metadata } = marked.metadata
      const next = await store.update(Widget, { ...marked, metadata, spec: { size: 5 } })
      claimMatch(next, { metadata: { deletionTimestamp }, spec: { size: 5 } }, 'the mark stays')
      const { revision } = store
      await store.delete(Widget, ref)
      claimEqual(store.revision, revision, 'to delete it again changes nothing')
    },
  },
  {
    name: 'a deletion looks at its preconditions',
    check: async ({ open }) => {
      const store = await open()
      const first = await store.create(Widget, widget('a'))
      const { resourceVersion } = first.metadata
      await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = 2))
      const stale = (): unknown => store.delete(Widget, refOf('a'), { preconditions: { resourceVersion } })
      await claimRefusedWithoutEffect(store, stale, 'Conflict', { expected: resourceVersion })
      const { uid } = first.metadata
      await store.delete(Widget, refOf('a'), { preconditions: { uid } })
      claimEqual(store.list(Widget).items, [], 'list')
    },
  },
  {
    name: 'what is deleted gracefully stays for its period, which can only be made shorter',
    check: async ({ open }) => {
      const store = await open()
      const ref = refOf('a')
      const made = await store.create(Sprocket, widget('a'))
      const marked = await store.delete(Sprocket, ref)
      claimMatch(marked.metadata, { deletionGracePeriodSeconds: 30, generation: 2 }, 'the mark')
      claim(marked.metadata.deletionTimestamp !== undefined, 'it has a time')
      claimEqual(await store.delete(Sprocket, ref, { gracePeriodSeconds: 60 }), marked, 'a longer period')
      const shorter = await store.delete(Sprocket, ref, { gracePeriodSeconds: 10 })
      claimEqual(shorter.metadata.deletionGracePeriodSeconds, 10, 'a shorter period')
      await store.delete(Sprocket, ref, { gracePeriodSeconds: 0, preconditions: { uid: made.metadata.uid } })
      claimEqual(store.get(Sprocket, ref), undefined, 'with none it is gone')
    },
  },
  {
    name: 'the propagation policy chooses the finalizer of a garbage collector',
    check: async ({ open }) => {
      const store = await open()
      const policies = { Foreground: ['foregroundDeletion'], Orphan: ['orphan'] } as const
      for (const [propagationPolicy, expected] of Object.entries(policies)) {
        await store.create(Widget, widget('a'))
        const options = { propagationPolicy: propagationPolicy as keyof typeof policies }
        const marked = await store.delete(Widget, refOf('a'), options)
        claimEqual(marked.metadata.finalizers, expected, propagationPolicy)
        await store.delete(Widget, refOf('a'), { propagationPolicy: 'Background' })
        claimEqual(store.get(Widget, refOf('a')), undefined, 'Background')
      }
    },
  },
]
