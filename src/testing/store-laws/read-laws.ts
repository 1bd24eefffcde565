import type { ListOptions, Store } from '../../store/index.js'
import { claim, claimEqual, claimRefused } from './claims.js'
import type { WidgetObject } from './kinds.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

async function filled(store: Store): Promise<Store> {
  const objects: readonly [name: string, namespace: string, node: string, app?: string][] = [
    ['b', 'default', 'n1', 'web'],
    ['a', 'zoo', 'n1', 'db'],
    ['c', 'default', 'n2', 'web'],
    ['a', 'default', 'n2'],
    ['z', 'apes', 'n1', 'web'],
  ]
  for (const [name, namespace, node, app] of objects) {
    const labels = app === undefined ? {} : { app }
    await store.create(Widget, widget(name, { node, tags: [node, name] }, { namespace, labels }))
  }
  return store
}

const keyOf = ({ metadata }: WidgetObject): string => `${metadata.namespace}/${metadata.name}`
const keys = (store: Pick<Store, 'list'>, options?: ListOptions): string[] =>
  store.list(Widget, options).items.map(keyOf)

export const readLaws: readonly StoreLaw[] = [
  {
    name: 'lists are in the order of keys, and have the revision that they show',
    check: async ({ open }) => {
      const store = await filled(await open())
      const order = ['apes/z', 'default/a', 'default/b', 'default/c', 'zoo/a']
      claimEqual(keys(store), order, 'the order')
      claimEqual(store.list(Widget).revision, store.revision, 'the revision')
      claimEqual(keys(store, { namespace: 'default' }), order.slice(1, 4), 'of a namespace')
      claimEqual(keys(store, { namespace: 'nowhere' }), [], 'of another')
      claimEqual(store.list(Gadget).items, [], 'of another kind')
    },
  },
  {
    name: 'selectors and indexes choose what a filter over everything would choose',
    check: async ({ open }) => {
      const store = await filled(await open())
      await store.modify(Widget, refOf('c'), draft => void (draft.metadata.labels['app'] = 'db'))
      await store.modify(Widget, refOf('b'), draft => void (draft.spec.node = 'n3'))
      await store.delete(Widget, refOf('a'))
      const app = ({ metadata }: WidgetObject): string | undefined => metadata.labels['app']
      const queries: readonly [ListOptions, (object: WidgetObject) => boolean][] = [
        [{ labelSelector: 'app=web' }, object => app(object) === 'web'],
        [{ labelSelector: 'app!=web' }, object => app(object) !== 'web'],
        [{ labelSelector: 'app in (db, web)' }, object => app(object) !== undefined],
        [{ labelSelector: '!app' }, object => app(object) === undefined],
        [{ labelSelector: '' }, () => true],
        [{ fieldSelector: 'spec.node=n1' }, ({ spec }) => spec.node === 'n1'],
        [{ fieldSelector: 'spec.node in (n1,n3)' }, ({ spec }) => spec.node === 'n1' || spec.node === 'n3'],
        [{ fieldSelector: 'metadata.name!=a' }, ({ metadata }) => metadata.name !== 'a'],
        [{ index: { name: 'node', value: 'n3' } }, ({ spec }) => spec.node === 'n3'],
        [{ index: { name: 'tag', value: 'n1' } }, ({ spec }) => spec.tags?.includes('n1') ?? false],
        [
          { index: { name: 'node', value: 'n1' }, labelSelector: 'app=web', namespace: 'apes' },
          ({ spec, metadata }) => spec.node === 'n1' && metadata.namespace === 'apes',
        ],
      ]
      const all = store.list(Widget).items
      for (const [query, chosen] of queries)
        claimEqual(keys(store, query), all.filter(chosen).map(keyOf), JSON.stringify(query))
    },
  },
  {
    name: 'a query that cannot be understood is refused',
    check: async ({ open }) => {
      const store = await filled(await open())
      const bad: readonly ListOptions[] = [
        { labelSelector: 'app==' + '=web' },
        { labelSelector: 'a b' },
        { fieldSelector: 'spec.node' },
        { fieldSelector: 'elsewhere=1' },
        { index: { name: 'nope', value: 'x' } },
      ]
      for (const query of bad) await claimRefused(() => store.list(Widget, query), 'BadRequest')
      claimEqual(keys(store).length, 5, 'the store')
    },
  },
  {
    name: 'groups are counted as a count of every list would count them, in the order of their values',
    check: async ({ open }) => {
      const store = await filled(await open())
      await store.create(Widget, widget('s', { size: 10 }))
      await store.delete(Widget, refOf('c'))
      const apps = [
        { value: 'db', count: 1 },
        { value: 'web', count: 2 },
      ]
      claimEqual(store.countBy(Widget, { label: 'app' }), apps, 'by a label')
      claimEqual(
        store.countBy(Widget, { label: 'app' }, { namespace: 'apes', limit: 1 }),
        [{ value: 'web', count: 1 }],
        'of a namespace',
      )
      claimEqual(store.countBy(Widget, { label: 'none' }), [], 'by a label that none has')
      const sizes = [
        { value: 1, count: 4 },
        { value: 10, count: 1 },
      ]
      claimEqual(store.countBy(Widget, { index: 'size' }), sizes, 'by an index of numbers')
      const tags = store.countBy(Widget, { index: 'tag' }, { namespace: 'zoo' })
      claimEqual(
        tags,
        [
          { value: 'a', count: 1 },
          { value: 'n1', count: 1 },
        ],
        'by an index with several values',
      )
      claimEqual(
        store.countBy(Widget, { index: 'place' })[0]?.value,
        ['n1', 1],
        'by a value of several parts',
      )
      await claimRefused(() => store.countBy(Widget, { index: 'nope' }), 'BadRequest')
      await claimRefused(() => store.countBy(Widget, {} as { label: string }), 'BadRequest')
    },
  },
  {
    name: 'a list does not change any more',
    check: async ({ open }) => {
      const store = await filled(await open())
      const { items } = store.list(Widget)
      const before = items.map(object => ({ ...object }))
      await store.delete(Widget, refOf('a'))
      await store.modify(Widget, refOf('b'), draft => void (draft.spec.size = 9))
      claimEqual(items, before, 'the list')
    },
  },
  {
    name: 'a snapshot stays as it is',
    check: async ({ open }) => {
      const store = await filled(await open())
      const snapshot = store.snapshot()
      const read = (): unknown => [
        snapshot.revision,
        keys(snapshot),
        keys(snapshot, { index: { name: 'node', value: 'n1' } }),
        keys(snapshot, { labelSelector: 'app=web' }),
        snapshot.get(Widget, refOf('b')),
      ]
      const before = read()
      await store.delete(Widget, refOf('a'))
      await store.modify(Widget, refOf('b'), draft => void (draft.spec.node = 'n9'))
      await store.create(Widget, widget('d', { node: 'n1' }, { labels: { app: 'web' } }))
      claimEqual(read(), before, 'the snapshot')
      claim(store.get(Widget, refOf('b'))?.spec.node === 'n9', 'the store goes on')
      snapshot.close()
      await claimRefused(() => snapshot.list(Widget), 'Closed')
    },
  },
  {
    name: 'a store answers for its own kinds only',
    check: async ({ open }) => {
      const store = await open()
      const Stranger = { ...Widget, kind: 'Stranger', plural: 'strangers' }
      const calls: readonly (() => unknown)[] = [
        () => store.list(Stranger),
        () => store.get(Stranger, refOf('a')),
        () => store.create(Stranger, widget('a')),
        () => store.watch(Stranger),
      ]
      for (const call of calls) await claimRefused(call, 'Usage')
      await store.create(Gadget, gadget('a'))
    },
  },
]
