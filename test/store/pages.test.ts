import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ListOptions, Reader, Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref as at, Gadget, Widget } from '../fixtures/kinds.js'

async function filled(names: readonly string[], logCapacity = 1_000): Promise<Store> {
  const store = createStore({ kinds: [Widget, Gadget], logCapacity })
  for (const name of names) {
    await store.create(Widget, {
      metadata: { ...at(name), labels: { app: name.slice(0, 1) } },
      spec: { node: name.slice(0, 1) },
    })
  }
  return store
}

const namesOf = (list: { readonly items: readonly { metadata: { name: string } }[] }): string[] =>
  list.items.map(item => item.metadata.name)

const code = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'fine'
}

describe('pages', () => {
  test('are of one revision, whatever is written between them', async () => {
    const ref = fc.record({
      namespace: fc.constantFrom('a', 'b', 'b-c'),
      name: fc.constantFrom('x', 'x1', 'y', 'z'),
    })
    const write = fc.record({ ref, remove: fc.boolean(), app: fc.constantFrom('p', 'q') })
    const query = fc.constantFrom<ListOptions>(
      {},
      { namespace: 'b' },
      { labelSelector: 'app=p' },
      { labelSelector: 'app!=p' },
      { index: { name: 'node', value: 'q' } },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { maxLength: 12 }),
        fc.array(write, { maxLength: 12 }),
        query,
        fc.integer({ min: 1, max: 4 }),
        async (before, between, options, limit) => {
          const store = createStore({ kinds: [Widget] })
          const put = async ({ ref: key, remove, app }: (typeof before)[number]): Promise<void> => {
            await store.transact(tx => {
              if (tx.get(Widget, key) !== undefined) tx.delete(Widget, key)
              if (!remove) tx.create(Widget, { metadata: { ...key, labels: { app } }, spec: { node: app } })
            })
          }
          for (const one of before) await put(one)
          const whole = store.list(Widget, options)
          const found: unknown[] = []
          let page = store.list(Widget, { ...options, limit })
          for (;;) {
            expect(page.revision).toBe(whole.revision)
            found.push(...page.items)
            if (page.remainingItemCount !== undefined)
              expect(page.remainingItemCount).toBe(whole.items.length - found.length)
            if (page.continue === undefined) break
            expect(page.items).toHaveLength(limit)
            const next = between.shift()
            if (next !== undefined) await put(next)
            page = store.list(Widget, { ...options, limit, continue: page.continue })
          }
          expect(found).toEqual(whole.items)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('tell how many are left only where nothing narrows the list', async () => {
    const store = await filled(['a1', 'a2', 'a3', 'b1'])
    expect(store.list(Widget, { limit: 1 }).remainingItemCount).toBe(3)
    expect(store.list(Widget, { limit: 1, namespace: 'default' }).remainingItemCount).toBe(3)
    expect(store.list(Widget, { limit: 1, labelSelector: 'app=a' })).not.toHaveProperty('remainingItemCount')
    expect(store.list(Widget, { limit: 4 })).not.toHaveProperty('continue')
  })

  test('of a snapshot and of a transaction show what those see', async () => {
    const store = await filled(['a1', 'a2', 'a3'])
    using snapshot = store.snapshot()
    const first = snapshot.list(Widget, { limit: 2 })
    await store.delete(Widget, at('a3'))
    expect(namesOf(snapshot.list(Widget, { limit: 2, continue: first.continue as string }))).toEqual(['a3'])
    await store.transact(tx => {
      tx.create(Widget, { metadata: at('a0'), spec: {} })
      const page = tx.list(Widget, { limit: 2 })
      expect([namesOf(page), page.remainingItemCount]).toEqual([['a0', 'a1'], 1])
      expect(namesOf(tx.list(Widget, { limit: 2, continue: page.continue as string }))).toEqual(['a2'])
    })
  })
})

describe('a continue token', () => {
  test.each<[string, (store: Store, token: string) => ListOptions]>([
    ['garbage', () => ({ continue: 'garbage' })],
    ['broken escapes', () => ({ continue: 'v1.%.%.%.%.%.%' })],
    ['one that was cut', (_store, token) => ({ continue: token.slice(0, token.lastIndexOf('.')) })],
    ['another selector', (_store, token) => ({ continue: token, labelSelector: 'app=a' })],
    ['another namespace', (_store, token) => ({ continue: token, namespace: 'default' })],
    ['another index', (_store, token) => ({ continue: token, index: { name: 'node', value: 'a' } })],
    [
      'a resourceVersion beside it',
      (_store, token) => ({ continue: token, resourceVersion: '1' }) as ListOptions,
    ],
    ['no page size', () => ({ limit: 0 })],
    ['half a page', () => ({ limit: 1.5 })],
  ])('is refused: %s', async (_name, options) => {
    const store = await filled(['a1', 'a2', 'a3'])
    const token = store.list(Widget, { limit: 1 }).continue as string
    expect(code(() => store.list(Widget, options(store, token)))).toBe('BadRequest')
  })

  test('is refused by another kind and by another store, and by a reader of the time before it', async () => {
    const store = await filled(['a1', 'a2', 'a3'])
    const other = await filled(['a1', 'a2', 'a3'])
    const early = store.snapshot(2)
    const token = store.list(Widget, { limit: 1 }).continue as string
    const ask = (reader: Reader, kind = Widget): unknown => code(() => reader.list(kind, { continue: token }))
    expect([ask(other), ask(store, Gadget as typeof Widget), ask(early)]).toEqual([
      'BadRequest',
      'BadRequest',
      'BadRequest',
    ])
  })

  test('belongs to one store, also where ids are counted and times are equal', async () => {
    const newStore = (seed: number): Store =>
      createStore({ kinds: [Widget], env: createVirtualEnv({ seed }) })
    const env = createVirtualEnv({ seed: 1 })
    const first = newStore(1)
    const stores = [
      first,
      newStore(2),
      createStore({ kinds: [Widget], env }),
      createStore({ kinds: [Widget], env }),
    ]
    for (const store of stores)
      for (const name of ['a1', 'a2', 'a3'])
        await store.create(Widget, { metadata: { namespace: 'default', name }, spec: {} })
    using snapshot = first.snapshot()
    // The last one is in a world like that of the first.
    const forks = [snapshot.fork(), snapshot.fork(), snapshot.fork(createVirtualEnv({ seed: 1 }))]
    const tokens = [...stores, ...forks].map(store => store.list(Widget, { limit: 1 }).continue as string)
    for (const [index, store] of [...stores, ...forks].entries()) {
      const taken = tokens.map(token => code(() => store.list(Widget, { continue: token })))
      // Equal worlds are equal in everything: the first store, and the first one of the other env.
      const twin = index === 0 ? 2 : index === 2 ? 0 : index
      const expected = tokens.map((_, from) => (from === index || from === twin ? 'fine' : 'BadRequest'))
      expect(taken).toEqual(expected)
    }
  })

  test('takes another page size, and the same selector in other words', async () => {
    const store = await filled(['a1', 'a2', 'a3', 'b1'])
    const token = store.list(Widget, { limit: 1, labelSelector: 'app in (a),tier!=x' }).continue as string
    const rest = store.list(Widget, { continue: token, labelSelector: ' tier != x , app in ( a )' })
    expect(namesOf(rest)).toEqual(['a2', 'a3'])
  })

  test('of a forgotten revision leads on from the newest, if one wants that', async () => {
    const store = await filled(['a1', 'a2', 'a3', 'a4'])
    const token = store.list(Widget, { limit: 2 }).continue as string
    await store.delete(Widget, at('a3'))
    await store.compact(5)
    let fresh: unknown
    try {
      store.list(Widget, { continue: token })
    } catch (error) {
      expect(error).toMatchObject({ code: 'Expired', details: { revision: 4, oldestAvailable: 5 } })
      fresh = (error as { details: Record<string, unknown> }).details['continue']
    }
    const page = store.list(Widget, { continue: fresh as string, limit: 1 })
    expect([namesOf(page), page.revision]).toEqual([['a4'], 5])
  })
})

describe('a count', () => {
  test('is the length of the list, in the past too', async () => {
    const store = await filled(['a1', 'a2', 'b1', 'b2', 'b3'])
    await store.delete(Widget, at('b2'))
    const counts = (reader: Reader): number[] =>
      [
        {},
        { namespace: 'other' },
        { labelSelector: 'app=b' },
        { labelSelector: 'app=b,app!=c' },
        { index: { name: 'node', value: 'b' } },
      ].map(options => reader.count(Widget, options))
    expect(counts(store)).toEqual([4, 0, 2, 2, 2])
    expect(counts(store.snapshot(5))).toEqual([5, 0, 3, 3, 3])
    expect(store.count(Widget, { resourceVersion: 2, resourceVersionMatch: 'Exact' })).toBe(2)
  })
})
