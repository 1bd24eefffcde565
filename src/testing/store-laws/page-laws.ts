import type { ListOptions, ObjectList, Store } from '../../store/index.js'
import { claim, claimEqual, claimRefused } from './claims.js'
import type { WidgetObject } from './kinds.js'
import { Gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

async function filled(store: Store): Promise<Store> {
  for (const name of NAMES.toReversed())
    await store.create(Widget, widget(name, { node: name < 'd' ? 'n1' : 'n2' }, { labels: { app: 'web' } }))
  return store
}

/** All pages of a list, `between` happening after each. */
async function pagesOf(
  store: Store,
  options: ListOptions,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<readonly ObjectList<WidgetObject>[]> {
  const pages = [store.list(Widget, options)]
  for (;;) {
    const next = pages.at(-1)?.continue
    if (next === undefined) return pages
    await between()
    pages.push(store.list(Widget, { ...options, continue: next }))
  }
}

export const pageLaws: readonly StoreLaw[] = [
  {
    name: 'pages together are the list, whatever is asked for',
    check: async ({ open }) => {
      const store = await filled(await open())
      const queries: readonly ListOptions[] = [
        {},
        { namespace: 'default' },
        { labelSelector: 'app=web' },
        { index: { name: 'node', value: 'n1' } },
        { fieldSelector: 'spec.node=n2' },
      ]
      for (const query of queries) {
        const whole = store.list(Widget, query).items
        for (const limit of [1, 2, 3, 7, 100]) {
          const pages = await pagesOf(store, { ...query, limit })
          claimEqual(
            pages.flatMap(({ items }) => items),
            whole,
            `pages of ${limit} by ${JSON.stringify(query)}`,
          )
          claim(
            pages.every(({ items }) => items.length <= limit),
            'no page is larger than its limit',
          )
        }
        claimEqual(store.count(Widget, query), whole.length, 'count')
      }
    },
  },
  {
    name: 'all pages are of the revision of the first',
    check: async ({ open }) => {
      const store = await filled(await open())
      const { revision } = store
      let round = 0
      const between = async (): Promise<void> => {
        round++
        await store.create(Widget, widget(`new-${round}`))
        await store.modify(Widget, refOf('g'), draft => void (draft.spec.size = round + 1))
        if (round === 1) await store.delete(Widget, refOf('f'))
      }
      const pages = await pagesOf(store, { limit: 2 }, between)
      claimEqual(
        pages.map(page => page.revision),
        pages.map(() => revision),
        'revisions',
      )
      const items = pages.flatMap(page => page.items)
      claimEqual(
        items.map(({ metadata }) => metadata.name),
        NAMES,
        'names',
      )
      claimEqual(items.at(-1)?.spec.size, 1, 'an object as it was')
    },
  },
  {
    name: 'a continue token belongs to its query',
    check: async ({ open }) => {
      const store = await filled(await open())
      const token = { continue: store.list(Widget, { limit: 2 }).continue ?? '' }
      claim(token.continue !== '', 'there is a second page')
      const bad: readonly (() => unknown)[] = [
        () => store.list(Widget, { ...token, labelSelector: 'app=web' }),
        () => store.list(Widget, { ...token, namespace: 'other' }),
        () => store.list(Gadget, token),
        () => store.list(Widget, { continue: 'next' }),
        () => store.list(Widget, { limit: 0 }),
      ]
      for (const call of bad) await claimRefused(call, 'BadRequest')
      claimEqual(store.list(Widget, { ...token, limit: 2 }).items.length, 2, 'the token is still good')
    },
  },
  {
    name: 'a continue token belongs to its store',
    check: async ({ open }) => {
      const [store, other] = [await filled(await open()), await filled(await open())]
      const token = { continue: store.list(Widget, { limit: 2 }).continue ?? '' }
      await claimRefused(() => other.list(Widget, token), 'BadRequest')
      using snapshot = store.snapshot()
      const fork = snapshot.fork()
      await claimRefused(() => fork.list(Widget, token), 'BadRequest')
      await fork.close()
      claimEqual(store.list(Widget, token).items.length, NAMES.length - 2, 'the rest in the store itself')
    },
  },
  {
    name: 'a token whose revision is no longer kept is Expired, with one that goes on from the newest',
    check: async ({ open }) => {
      const store = await filled(await open({ logCapacity: 4 }))
      const token = store.list(Widget, { limit: 3 }).continue ?? ''
      // Far beyond anything that a backend would keep for readers.
      for (let size = 2; size < 40; size++)
        await store.modify(Widget, refOf('a'), draft => void (draft.spec.size = size))
      const error = await claimRefused(() => store.list(Widget, { continue: token }), 'Expired')
      const { items } = store.list(Widget, { continue: error.details['continue'] as string })
      claimEqual(
        items.map(({ metadata }) => metadata.name),
        NAMES.slice(3),
        'the rest',
      )
    },
  },
  {
    name: 'any kept revision can be read as it was',
    check: async ({ open }) => {
      const store = await open()
      const seen: [number, readonly WidgetObject[]][] = []
      const look = (): void => void seen.push([store.revision, store.list(Widget).items])
      for (const name of ['a', 'b', 'c']) {
        await store.create(Widget, widget(name))
        look()
      }
      await store.modify(Widget, refOf('b'), draft => void (draft.spec.size = 5))
      look()
      await store.delete(Widget, refOf('a'))
      look()
      for (const [revision, items] of seen) {
        const then = store.snapshot(revision)
        claimEqual([then.revision, then.list(Widget).items], [revision, items], `snapshot ${revision}`)
        then.close()
        const exact = { resourceVersion: revision, resourceVersionMatch: 'Exact' } as const
        claimEqual(store.list(Widget, exact).items, items, `list at ${revision}`)
      }
      await claimRefused(() => store.snapshot(store.revision + 1000), 'FutureRevision')
    },
  },
]
