import { describe, expect, test } from 'vitest'
import type { LabelSelector } from '../../src/core/index.js'
import { parseLabelSelector } from '../../src/core/index.js'
import { storeAdmin } from '../../src/store/admin/index.js'
import { createStore, DelegatingClient, defineKind } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { kindOf } from '../fixtures/kinds.js'

const Widget = kindOf<{ node: string; size: number }>('Widget', {
  indexes: { node: widget => widget.spec.node, size: widget => widget.spec.size },
  orderedIndexes: ['size'],
})

/** Two namespaces of 50: a quarter on each node, `tier=rare` on one in ten. */
async function filled() {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget], env, logCapacity: 1_000 })
  for (let index = 0; index < 100; index++)
    await store.create(Widget, {
      metadata: {
        namespace: index % 2 === 0 ? 'x' : 'y',
        name: `w${String(index).padStart(3, '0')}`,
        labels: { app: 'web', ...(index % 10 === 0 ? { tier: 'rare' } : {}) },
      },
      spec: { node: `n${index % 4}`, size: index },
    })
  return { env, store, admin: storeAdmin(store) }
}

/** The selector, and how many objects it was asked about. */
function counting(text: string): { readonly selector: LabelSelector; asked(): number } {
  const selector = parseLabelSelector(text)
  let asked = 0
  const matches: LabelSelector['matches'] = labels => {
    asked++
    return selector.matches(labels)
  }
  return { selector: Object.create(selector, { matches: { value: matches } }), asked: () => asked }
}

describe('explain', () => {
  test.each([
    [{}, { access: 'kind', candidates: 100, matches: 100, advice: [] }],
    [{ namespace: 'x' }, { access: 'namespace', by: 'x', candidates: 50, matches: 50, advice: [] }],
    [
      { namespace: 'x', fieldSelector: 'metadata.name=w002' },
      { access: 'key', by: 'x/w002', candidates: 1, matches: 1 },
    ],
    [
      { fieldSelector: 'metadata.name=w002' },
      { access: 'kind', candidates: 100, matches: 1, advice: [{ reason: 'NoNamespace' }] },
    ],
    [
      { labelSelector: 'tier=rare' },
      { access: 'label', by: 'tier=rare', candidates: 10, matches: 10, advice: [] },
    ],
    [
      { labelSelector: 'tier=rare,app=web' },
      { access: 'label', by: 'tier=rare', candidates: 10, matches: 10 },
    ],
    [
      { labelSelector: 'tier in (rare,none)' },
      { access: 'kind', candidates: 100, matches: 10, advice: [{ reason: 'NoEquality' }] },
    ],
    [
      { fieldSelector: 'spec.node=n1' },
      {
        access: 'kind',
        candidates: 100,
        matches: 25,
        advice: [{ reason: 'NoIndex', text: expect.stringContaining('index of spec.node') }],
      },
    ],
    [
      { index: { name: 'node', value: 'n1' } },
      { access: 'index', by: 'node=n1', candidates: 25, matches: 25, advice: [] },
    ],
    [
      { index: { name: 'node', value: 'n2' }, labelSelector: 'tier=rare' },
      { access: 'index', candidates: 25, matches: 5, advice: [{ reason: 'RarerLabel' }] },
    ],
    [
      { index: { name: 'size', from: 20, to: 30 } },
      { access: 'index range', by: 'size', candidates: 10, matches: 10, advice: [] },
    ],
    [{ names: { prefix: 'w00' } }, { access: 'names', candidates: 10, matches: 10, advice: [] }],
    [{ owner: 'nobody' }, { access: 'owner', candidates: 0, matches: 0 }],
  ])('%j', async (query, expected) => {
    const { admin } = await filled()
    expect(admin.explain(Widget, query)).toMatchObject(expected)
  })

  test.each(['tier=rare,app', 'app=web,tier', 'app in (web)', 'tier=rare,app=web,other!=a', 'app=none,tier'])(
    'counts what a list of %s looks at',
    async text => {
      const { store, admin } = await filled()
      for (const namespace of [undefined, 'x']) {
        const where = namespace === undefined ? {} : { namespace }
        const { candidates, matches } = admin.explain(Widget, { ...where, labelSelector: text })
        const { selector, asked } = counting(text)
        const { items } = store.list(Widget, { ...where, labelSelector: selector })
        expect([asked(), items.length]).toEqual([candidates, matches])
      }
    },
  )

  test('says which writes wake a watch, and it all in a sentence', async () => {
    const { admin } = await filled()
    expect(admin.explain(Widget, { namespace: 'x', labelSelector: 'tier=rare' }).text).toBe(
      'looks at 10 of 100 objects, those of label tier=rare, and finds 10; ' +
        'a watch is woken by every Widget with label tier=rare in namespace x',
    )
    expect(admin.explain(Widget, { index: { name: 'node', value: 'n1' } }).wokenBy).toBe(
      'every Widget with node=n1 in its index',
    )
    expect(() => admin.explain(Widget, { labelSelector: '!!' })).toThrow(/labelSelector/)
  })
})

describe('pins', () => {
  test('tells what is held back, since when, and which watch is behind', async () => {
    const env = createVirtualEnv()
    const store = createStore({ kinds: [Widget], env, logCapacity: 4 })
    const admin = storeAdmin(store)
    const write = (size: number) =>
      store.transact(tx =>
        tx.get(Widget, { namespace: 'x', name: 'a' }) === undefined
          ? tx.create(Widget, { metadata: { namespace: 'x', name: 'a' }, spec: { node: 'n', size } })
          : tx.modify(Widget, { namespace: 'x', name: 'a' }, draft => void (draft.spec.size = size)),
      )
    await write(0)
    const [old, same, newer] = [store.snapshot(), store.snapshot(), (await write(1), store.snapshot())]
    for (let size = 2; size < 5; size++) await write(size)
    const watch = store.watch(Widget)
    watch.on(() => {})
    for (let size = 5; size < 7; size++) await write(size)
    expect(admin.pins()).toMatchObject({
      revision: 7,
      oldestRevision: 3,
      heldBackRevisions: 2,
      heldBackMs: 0,
      pins: [
        { revision: 1, behind: 6, holders: 2 },
        { revision: 2, behind: 5, holders: 1 },
      ],
      watches: [{ kinds: 'Widget', revision: 5, behind: 2 }],
    })
    await env.advance(250)
    expect(admin.pins()).toMatchObject({ heldBackMs: 250, watches: [{ behind: 0 }] })
    for (const snapshot of [old, same, newer]) snapshot.close()
    watch.close()
    expect(admin.pins()).toEqual({
      revision: 7,
      oldestRevision: 3,
      heldBackRevisions: 0,
      pins: [],
      watches: [],
    })
  })
})

describe('tail', () => {
  test('tells the log, and with follow what comes, each revision once', async () => {
    const env = createVirtualEnv()
    const store = createStore({ kinds: [Widget], env })
    const admin = storeAdmin(store)
    const ref = { namespace: 'x', name: 'a' }
    await store.create(
      Widget,
      { metadata: ref, spec: { node: 'n', size: 1 } },
      { actor: 'ann', reason: 'a test' },
    )
    await store.modify(Widget, ref, draft => void (draft.spec.size = 2))
    const told: string[] = []
    const read = async (options: object): Promise<void> => {
      for await (const { revision, actor, changes } of admin.tail(options))
        told.push(`${revision} ${actor ?? '-'} ${changes.map(({ type, name }) => `${type} ${name}`).join()}`)
    }
    await read({})
    expect(told).toEqual(['1 ann ADDED a', '2 - MODIFIED a'])
    told.length = 0
    const ending = new AbortController()
    const reading = read({ since: 1, follow: true, signal: ending.signal })
    await env.settle()
    await store.delete(Widget, ref, { actor: 'bob' })
    await env.settle()
    expect(told).toEqual(['2 - MODIFIED a', '3 bob DELETED a'])
    ending.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
    await store.compact(3)
    expect(() => admin.tail({ since: 1 })).toThrow(/no longer kept/)
    expect(() => admin.tail({ since: 9 })).toThrow(/in the future/)
    expect(() => admin.tail({ sinc: 1 } as never)).toThrow(/did you mean since/)
  })
})

describe('migrate', () => {
  const up =
    (limit = Number.POSITIVE_INFINITY) =>
    (widget: { spec: { node: string; size: number } }) =>
      widget.spec.node === 'n1' && widget.spec.size < limit
        ? ({ ...widget, spec: { ...widget.spec, node: 'moved' } } as never)
        : undefined

  test('rewrites what the function returns, in bounded transactions, with a cause', async () => {
    const { env, store, admin } = await filled()
    const progress: number[] = []
    const migrating = admin.migrate(Widget, up(), {
      batchSize: 30,
      actor: 'migration',
      onProgress: ({ looked }) => void progress.push(looked),
    })
    await env.advance(10)
    expect(await migrating).toMatchObject({
      total: 100,
      looked: 100,
      changed: 25,
      unchanged: 75,
      refused: 0,
      transactions: 4,
      last: { namespace: 'y', name: 'w099' },
    })
    expect(progress).toEqual([30, 60, 90, 100])
    expect(store.count(Widget, { index: { name: 'node', value: 'moved' } })).toBe(25)
    // A batch in which nothing changes is no revision.
    expect(store.revision).toBe(103)
    expect(store.history(Widget, { namespace: 'y', name: 'w001' }).at(-1)).toMatchObject({
      actor: 'migration',
    })
  })

  test('tried dry changes nothing, and counts the same', async () => {
    const { env, store, admin } = await filled()
    const migrating = admin.migrate(Widget, up(), { dryRun: true })
    await env.advance(10)
    expect(await migrating).toMatchObject({ changed: 25, unchanged: 75 })
    expect(store.revision).toBe(100)
  })

  test('goes on after what was done, and has nothing to do when it is run again', async () => {
    const { env, store, admin } = await filled()
    const ending = new AbortController()
    let last: object | undefined
    const cut = admin.migrate(Widget, up(), {
      batchSize: 60,
      signal: ending.signal,
      onProgress: progress => {
        last = progress.last
        ending.abort(new Error('enough'))
      },
    })
    const cutShort = expect(cut).rejects.toThrow('enough')
    await env.advance(10)
    await cutShort
    expect(last).toEqual({ namespace: 'y', name: 'w019' })
    const rest = admin.migrate(Widget, up(), { after: last as never })
    const again = rest.then(() => admin.migrate(Widget, up()))
    await env.advance(10)
    expect(await rest).toMatchObject({ looked: 40, changed: 20 })
    expect(await again).toMatchObject({ looked: 100, changed: 0 })
    expect(store.count(Widget, { index: { name: 'node', value: 'moved' } })).toBe(25)
  })

  test('leaves what is refused as it was, says which, and does the rest', async () => {
    const env = createVirtualEnv()
    const Limited = defineKind<{ size: number }, { ready: boolean }>({
      apiVersion: 'example/v1',
      kind: 'Limited',
      plural: 'limiteds',
      namespaced: false,
      schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { size: { type: 'number', maximum: 10 } } } },
      },
    })
    const store = createStore({ kinds: [Limited], env })
    for (let size = 7; size < 10; size++) {
      const made = await store.create(Limited, { metadata: { name: `l${size}` }, spec: { size } })
      await store.updateStatus(Limited, { ...made, status: { ready: false } })
    }
    const migrating = storeAdmin(store).migrate(Limited, ({ spec, ...rest }) => ({
      ...rest,
      spec: { size: spec.size + 2 },
      status: { ready: true },
    }))
    await env.advance(10)
    expect(await migrating).toMatchObject({
      changed: 2,
      refused: 1,
      refusals: [
        { object: { kind: 'Limited', name: 'l9' }, code: 'Invalid', text: expect.stringContaining('size') },
      ],
    })
    expect(store.list(Limited).items.map(({ spec, status }) => [spec.size, status?.ready])).toEqual([
      [9, true],
      [10, true],
      [9, false],
    ])
    expect(store.revision).toBe(7)
  })

  test.each([
    [{ batchSize: 0 }, /batchSize/],
    [{ batchSize: 10_001 }, /at most 10000, not 10001/],
    [{ dryrun: true }, /did you mean dryRun/],
  ])('refuses %j', async (options, message) => {
    const { admin } = await filled()
    await expect(admin.migrate(Widget, () => undefined, options as never)).rejects.toThrow(message)
    await expect(admin.migrate(Widget, undefined as never)).rejects.toThrow(/needs a function/)
  })
})

test('a store of another make is refused', () => {
  const store = createStore({ kinds: [Widget] })
  class Other extends DelegatingClient {}
  expect(() => storeAdmin(new Other(store) as never)).toThrow(/takes a store of createStore or openStore/)
})

test('compact is that of the store', async () => {
  const { env, store, admin } = await filled()
  const compacting = admin.compact(50)
  await env.advance(1)
  await compacting
  expect(() => store.list(Widget, { resourceVersion: '49', resourceVersionMatch: 'Exact' })).toThrow(
    /no longer kept/,
  )
})
