import { claim, claimEqual, claimMatch, claimRefused, claimRefusedWithoutEffect } from './claims.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

export const objectLaws: readonly StoreLaw[] = [
  {
    name: 'what create answers is what get and list show',
    check: async ({ open }) => {
      const store = await open()
      const made = await store.create(Widget, widget('a', { size: 2 }, { labels: { app: 'web' } }))
      claimMatch(made, { apiVersion: 'laws/v1', kind: 'Widget', spec: { size: 2 } }, 'the object')
      claimMatch(
        made.metadata,
        {
          ...refOf('a'),
          generation: 1,
          labels: { app: 'web' },
          annotations: {},
          ownerReferences: [],
          finalizers: [],
        },
        'its metadata',
      )
      claim(made.metadata.uid.length > 0, 'it has a uid')
      claim(/^[1-9]\d*$/.test(made.metadata.resourceVersion), 'its resourceVersion is a decimal number')
      claim(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(made.metadata.creationTimestamp),
        'it has a creation time',
      )
      claimEqual(store.get(Widget, refOf('a')), made, 'get')
      claimEqual(store.list(Widget).items, [made], 'list')
      claim(store.revision >= Number(made.metadata.resourceVersion), 'readers see the revision of the write')
    },
  },
  {
    name: 'nobody can change a stored object from outside',
    check: async ({ open }) => {
      const store = await open()
      const tags = ['x']
      const made = await store.create(Widget, widget('a', { tags }))
      tags.push('y')
      claimEqual(store.get(Widget, refOf('a'))?.spec.tags, ['x'], 'what was stored')
      const { metadata, spec } = made
      const parts = [made, metadata, metadata.labels, metadata.finalizers, spec, spec.tags]
      claim(
        parts.every(part => Object.isFrozen(part)),
        'every part of it is frozen',
      )
    },
  },
  {
    name: 'a name is taken once in a namespace, and per kind',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a'))
      await store.create(Widget, widget('a', {}, { namespace: 'other' }))
      await store.create(Gadget, gadget('a'))
      const again = (): unknown => store.create(Widget, widget('a', { size: 9 }))
      await claimRefusedWithoutEffect(store, again, 'AlreadyExists', { name: 'a', deleting: false })
    },
  },
  {
    name: 'a generated name begins with its prefix and is nobody else’s',
    check: async ({ open }) => {
      const store = await open()
      const input = { metadata: { namespace: 'default', generateName: 'job-' }, spec: {} }
      const names = new Set<string>()
      for (let i = 0; i < 20; i++) names.add((await store.create(Widget, input)).metadata.name)
      claimEqual(names.size, 20, 'different names')
      claim(
        [...names].every(name => name.startsWith('job-') && name.length > 4),
        'each has the prefix',
      )
    },
  },
  {
    name: 'the schema fills in its defaults, and what it refuses is named',
    check: async ({ open }) => {
      const store = await open()
      claimEqual((await store.create(Widget, widget('a'))).spec, { size: 1 }, 'the default')
      const write = (): unknown => store.create(Widget, widget('b', { size: -1 }))
      await claimRefusedWithoutEffect(store, write, 'Invalid')
      const error = await claimRefused(write, 'Invalid')
      claimMatch(
        (error.details['problems'] as unknown[])[0],
        { field: 'spec.size', value: -1 },
        'the problem',
      )
    },
  },
  {
    name: 'what is not JSON is refused, with its path',
    check: async ({ open }) => {
      const store = await open()
      const cycle: Record<string, unknown> = {}
      cycle['self'] = cycle
      const bad: readonly [value: unknown, field: string][] = [
        [undefined, 'spec.x'],
        [Number.NaN, 'spec.x'],
        [1n, 'spec.x'],
        [() => 1, 'spec.x'],
        [new Map(), 'spec.x'],
        [cycle, 'spec.x.self'],
      ]
      for (const [value, field] of bad) {
        const write = (): unknown =>
          store.create(Gadget, { metadata: { name: 'a' }, spec: { x: value } as object })
        await claimRefusedWithoutEffect(store, write, 'Invalid')
        const error = await claimRefused(write, 'Invalid')
        claimMatch((error.details['problems'] as unknown[])[0], { field }, 'the problem')
      }
      await store.create(Gadget, gadget('a'))
    },
  },
  {
    name: 'an object has a name, and a namespace exactly when its kind has namespaces',
    check: async ({ open }) => {
      const store = await open()
      const bad: readonly (() => unknown)[] = [
        () => store.create(Widget, { metadata: { namespace: 'default' }, spec: {} }),
        () => store.create(Widget, { metadata: { name: 'a' }, spec: {} }),
        () => store.create(Widget, widget('No Name')),
        () => store.create(Gadget, { metadata: { name: 'a', namespace: 'default' }, spec: {} }),
        () => store.create(Widget, widget('a', {}, { resourceVersion: '1' })),
        () => store.create(Widget, widget('a', {}, { labels: { 'not a key': 'x' } })),
        () => store.create(Widget, { ...widget('a'), kind: 'Gadget' }),
      ]
      for (const write of bad) await claimRefusedWithoutEffect(store, write, 'Invalid')
    },
  },
  {
    name: 'revisions grow with each write, over all kinds, and a refused write takes none',
    check: async ({ open }) => {
      const store = await open()
      const versions: number[] = [store.revision]
      for (const name of ['a', 'b', 'c']) {
        versions.push(Number((await store.create(Widget, widget(name))).metadata.resourceVersion))
        versions.push(Number((await store.create(Gadget, gadget(name))).metadata.resourceVersion))
      }
      claim(
        versions.every((version, i) => i === 0 || version > (versions[i - 1] ?? 0)),
        'each is greater than the one before',
      )
      await claimRefusedWithoutEffect(store, () => store.create(Widget, widget('a')), 'AlreadyExists')
    },
  },
]
