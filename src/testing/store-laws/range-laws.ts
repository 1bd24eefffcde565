import type { ListOptions, Reader, Store } from '../../store/index.js'
import { claim, claimEqual, claimRefused } from './claims.js'
import { refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

async function filled(store: Store): Promise<Store> {
  const objects: readonly [name: string, namespace: string, node: string, size: number, tags: string[]][] = [
    ['a', 'default', 'n1', 10, ['x', 'z']],
    ['b', 'default', 'n1', 9, []],
    ['b-1', 'default', 'n10', 1, ['z']],
    ['b-2', 'zoo', 'n2', 9, ['y']],
    ['c', 'apes', 'n1', 9, ['xy', 'x']],
  ]
  for (const [name, namespace, node, size, tags] of objects)
    await store.create(Widget, widget(name, { node, size, tags }, { namespace }))
  return store
}

const names = (reader: Reader, options: ListOptions): string =>
  reader
    .list(Widget, options)
    .items.map(({ metadata }) => metadata.name)
    .join(' ')

/** Each query, and the names that it finds in the store as it is filled. */
const QUERIES: readonly [ListOptions, string][] = [
  [{ reverse: true }, 'b-2 b-1 b a c'],
  [{ names: { prefix: 'b' } }, 'b b-1 b-2'],
  [{ names: { from: 'b', to: 'b-2' } }, 'b b-1'],
  [{ names: { from: 'b' }, namespace: 'default', reverse: true }, 'b-1 b'],
  [{ index: { name: 'size', value: 9 } }, 'c b b-2'],
  [{ index: { name: 'size' } }, 'b-1 c b b-2 a'],
  [{ index: { name: 'size', from: 9, to: 10 } }, 'c b b-2'],
  [{ index: { name: 'size', from: 10 } }, 'a'],
  [{ index: { name: 'size' }, reverse: true }, 'a b-2 b c b-1'],
  [{ index: { name: 'place', value: ['n1', 9] } }, 'c b'],
  [{ index: { name: 'place', prefix: ['n1'] } }, 'c b a'],
  [{ index: { name: 'place', prefix: 'n1' } }, 'c b a b-1'],
  [{ index: { name: 'place', from: ['n1', 10], to: 'n2' } }, 'a b-1'],
  [{ index: { name: 'tag' } }, 'c a b-2 b-1'],
  [{ index: { name: 'tag', from: 'xx' } }, 'c b-2 a b-1'],
  [{ index: { name: 'tag' }, reverse: true }, 'b-1 a b-2 c'],
]

export const rangeLaws: readonly StoreLaw[] = [
  {
    name: 'a range of an ordered index is in the order of values, then of keys, each object once',
    check: async ({ open }) => {
      const store = await filled(await open())
      for (const [query, found] of QUERIES) {
        claimEqual(names(store, query), found, JSON.stringify(query))
        claimEqual(
          store.count(Widget, query),
          found.split(' ').length,
          `the count of ${JSON.stringify(query)}`,
        )
      }
    },
  },
  {
    name: 'pages of a range are of one revision and together the list',
    check: async ({ open }) => {
      const store = await filled(await open())
      const sizes = { index: { name: 'size' }, limit: 2 } as const
      const first = store.list(Widget, sizes)
      await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = 0))
      await store.delete(Widget, refOf('b'))
      const second = store.list(Widget, { ...sizes, continue: first.continue ?? '' })
      const third = store.list(Widget, { ...sizes, continue: second.continue ?? '' })
      const found = [first, second, third].flatMap(({ items }) => items.map(({ metadata }) => metadata.name))
      claimEqual(found.join(' '), 'b-1 c b b-2 a', 'the pages')
      claim(third.continue === undefined, 'the last page is the last')
      claimEqual(names(store, { index: { name: 'size' } }), 'a b-1 c b-2', 'the newest')
    },
  },
  {
    name: 'a snapshot and a transaction show ranges as they see the objects',
    check: async ({ open }) => {
      const store = await filled(await open())
      using before = store.snapshot()
      await store.transact(tx => {
        tx.modify(Widget, refOf('b-1'), draft => void (draft.spec.size = 11))
        tx.create(Widget, widget('d', { node: 'n1', size: 10 }))
        tx.delete(Widget, refOf('c', 'apes'))
        claimEqual(names(tx, { index: { name: 'size' } }), 'b b-2 a d b-1', 'in the transaction')
        claimEqual(names(tx, { index: { name: 'size', from: 10 }, reverse: true }), 'b-1 d a', 'reversed')
      })
      claimEqual(names(store, { index: { name: 'size' } }), 'b b-2 a d b-1', 'after it')
      for (const [query, found] of QUERIES)
        claimEqual(names(before, query), found, `before: ${JSON.stringify(query)}`)
    },
  },
  {
    name: 'an optimistic transaction that read a range runs again when something comes into it',
    check: async ({ open, soon }) => {
      const store = await filled(await open())
      let runs = 0
      const done = store.optimistic(async tx => {
        const found = tx.count(Widget, { index: { name: 'size', from: 20, to: 30 } })
        if (runs++ === 0) await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = 20))
        tx.create(Widget, widget('new'))
        return found
      })
      claimEqual([await soon('the transaction', done), runs], [1, 2], 'what it found and its runs')
    },
  },
  {
    name: 'a range that could never be answered is refused',
    check: async ({ open }) => {
      const store = await filled(await open())
      const bad: readonly unknown[] = [
        { index: { name: 'node', from: 'n1' } },
        { index: { name: 'node' } },
        { index: { name: 'size', value: 1, from: 1 } },
        { index: { name: 'size', from: Number.NaN } },
        { index: { name: 'size', prefix: 1 } },
        { names: { from: 1 } },
        { reverse: 1 },
      ]
      for (const query of bad)
        await claimRefused(() => store.list(Widget, query as ListOptions), 'BadRequest')
    },
  },
]
