import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  ListOptions,
  Reader,
  Snapshot,
  Store,
  Transaction,
  Watch,
  WatchBatch,
  WatchOptions,
} from '../../src/store/index.js'
import { Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import type { ModelEvent, ModelObject } from './fixtures/model-store.js'
import { inModelWords, ModelStore } from './fixtures/model-store.js'

interface Write {
  readonly verb: 'put' | 'delete'
  readonly global: boolean
  readonly namespace: string
  readonly name: string
  readonly size: number
  readonly node: string
  readonly labels: Readonly<Record<string, string>>
}

type Kinds = readonly (typeof Widget)[]

type Step =
  | { readonly kind: 'transact'; readonly writes: readonly Write[] }
  | { readonly kind: 'snapshot'; readonly back: number }
  | { readonly kind: 'compact'; readonly back: number }
  | { readonly kind: 'release'; readonly which: number }
  | {
      readonly kind: 'watch'
      readonly back: number
      readonly kinds: Kinds
      readonly options: WatchOptions
    }
  | { readonly kind: 'settle' }

const write: fc.Arbitrary<Write> = fc.record({
  verb: fc.constantFrom('put' as const, 'put' as const, 'delete' as const),
  global: fc.boolean(),
  namespace: fc.constantFrom('a', 'b', 'b-c'),
  name: fc.constantFrom('x', 'x1', 'x10', 'x2', 'y'),
  size: fc.nat(2),
  node: fc.constantFrom('n1', 'n2'),
  labels: fc.constantFrom({}, { app: 'web' }, { app: 'db' }, { app: 'web', tier: 'front' }),
})

const selectors = ['', 'app=web', 'app!=web', 'app in (web,db),tier', '!app'] as const

const watchOptions: fc.Arbitrary<WatchOptions> = fc
  .record({
    namespace: fc.constantFrom(undefined, 'a', 'b'),
    name: fc.constantFrom(undefined, undefined, 'x', 'x1'),
    labelSelector: fc.constantFrom(undefined, ...selectors),
    fieldSelector: fc.constantFrom(undefined, undefined, 'spec.node=n1', 'spec.size!=1', 'metadata.name=x'),
    shard: fc.constantFrom(undefined, undefined, { of: 2, index: 0 }, { of: 3, index: 2 }),
    index: fc.constantFrom(undefined, undefined, { name: 'node', value: 'n1' }),
  })
  .map(options => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)))

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('transact' as const),
      writes: fc.array(write, { maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('snapshot' as const), back: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), back: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('watch' as const),
      back: fc.nat(6),
      kinds: fc.constantFrom<Kinds>([Widget], [Gadget], [Widget, Gadget], [Gadget, Widget, Gadget]),
      options: watchOptions,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
)

const queries: readonly ListOptions[] = [
  {},
  { namespace: 'b' },
  { index: { name: 'node', value: 'n1' } },
  { namespace: 'a', index: { name: 'node', value: 'n2' } },
  ...selectors.map(labelSelector => ({ labelSelector })),
  { namespace: 'b', labelSelector: 'app=web' },
]

function writeReal(tx: Transaction, { verb, global, namespace, name, size, node, labels }: Write): void {
  const kind = global ? Gadget : Widget
  const ref = global ? { name } : { namespace, name }
  const stored = tx.get(kind, ref)
  if (verb === 'delete') {
    if (stored !== undefined) tx.delete(kind, ref)
  } else if (stored === undefined) {
    tx.create(kind, { metadata: { ...ref, labels }, spec: { size, node } })
  } else {
    tx.update(kind, { ...stored, metadata: { ...stored.metadata, labels }, spec: { size, node } })
  }
}

function writeModel(
  model: ModelStore,
  state: Map<string, ModelObject>,
  revision: number,
  given: Write,
): void {
  const { verb, global, name, size, node, labels } = given
  const kind = global ? 'Gadget' : 'Widget'
  const namespace = global ? '' : given.namespace
  const key = `${kind}/${namespace}/${name}`
  const stored = state.get(key)
  if (verb === 'delete') state.delete(key)
  else
    state.set(key, { kind, namespace, name, size, node, labels, revision, uid: stored?.uid ?? model.uid() })
}

function shown(reader: Pick<Store, 'list'>, kind: typeof Widget, options: ListOptions): string[] {
  return reader.list(kind, options).items.map(({ metadata, spec }) => {
    const { namespace = '', name, resourceVersion } = metadata
    return `${namespace}/${name}@${resourceVersion}=${String(spec.size)}`
  })
}

/** All pages of a list as one. */
function inPages(reader: Reader, kind: Parameters<Reader['list']>[0], options: ListOptions = {}): never {
  const items: unknown[] = []
  let page = reader.list(kind, { ...options, limit: 2 })
  for (;;) {
    items.push(...page.items)
    if (page.continue === undefined) return { items } as never
    page = reader.list(kind, { ...options, limit: 2, continue: page.continue })
  }
}

/** Slow and obvious. */
function assertGroups(reader: Reader, options: ListOptions): void {
  const { items } = reader.list(Widget, options)
  const grouped = (values: readonly (string | undefined)[]): readonly object[] =>
    [...new Set(values)]
      .filter(value => value !== undefined)
      .sort()
      .map(value => ({ value, count: values.filter(each => each === value).length }))
  const apps = items.map(({ metadata }) => metadata.labels['app'])
  expect(reader.countBy(Widget, { label: 'app' }, options)).toEqual(grouped(apps))
  const nodes = items.map(({ spec }) => spec.node)
  expect(reader.countBy(Widget, { index: 'node' }, options)).toEqual(grouped(nodes))
}

function assertReads(reader: Snapshot | Store, model: ModelStore, revision: number): void {
  expect(reader.revision).toBe(revision)
  for (const options of queries) {
    const expected = model.list(revision, 'Widget', options)
    expect(shown(reader, Widget, options)).toEqual(expected)
    expect(reader.count(Widget, options)).toBe(expected.length)
    assertGroups(reader, options)
  }
  const pages: Pick<Store, 'list'> = { list: (kind, options) => inPages(reader, kind, options) }
  expect(shown(pages, Widget, {})).toEqual(model.list(revision, 'Widget', {}))
  expect(shown(reader, Gadget, {})).toEqual(model.list(revision, 'Gadget', {}))
  for (const name of ['x', 'x10', 'y']) {
    const found = reader.get(Widget, { namespace: 'b', name })
    expect(found?.metadata.resourceVersion).toEqual(
      model.at(revision).get(`Widget/b/${name}`)?.revision.toString(),
    )
  }
}

interface Seen {
  readonly since: number
  readonly kinds: readonly string[]
  readonly watch: Watch<unknown>
  readonly options: WatchOptions
  readonly batches: { revision: number; events: ModelEvent[] }[]
  error?: unknown
}

describe('against a store that keeps everything', () => {
  const run = async (steps: readonly Step[], logCapacity: number): Promise<void> => {
    const { env, store } = createWorld({ logCapacity })
    const model = new ModelStore()
    const snapshots: Snapshot[] = []
    const seen: Seen[] = []
    let compacted = 0
    const oldest = (): number => Math.max(compacted, store.revision - logCapacity)
    for (const step of steps) {
      if (step.kind === 'transact') {
        await store.transact(tx => {
          for (const one of step.writes) writeReal(tx, one)
          assertGroups(tx, {})
        })
        model.commit((state, revision) => step.writes.forEach(one => writeModel(model, state, revision, one)))
        assertReads(store, model, model.revision)
      } else if (step.kind === 'snapshot') {
        const revision = Math.max(0, store.revision - step.back)
        if (revision >= oldest()) snapshots.push(store.snapshot(revision))
        else expect(() => store.snapshot(revision)).toThrow(expect.objectContaining({ code: 'Expired' }))
      } else if (step.kind === 'compact') {
        const revision = Math.max(0, store.revision - step.back)
        await store.compact(revision).then(
          () => {
            compacted = revision
          },
          error => {
            expect(error).toMatchObject({ code: 'Expired' })
            expect(revision).toBeLessThanOrEqual(oldest())
          },
        )
      } else if (step.kind === 'release') {
        snapshots.splice(step.which, 1).forEach(snapshot => snapshot.close())
      } else if (step.kind === 'settle') {
        await env.settle()
      } else {
        const since = Math.max(oldest(), store.revision - step.back)
        const watch = store.watch(step.kinds, { ...step.options, since })
        const kinds = step.kinds.map(({ kind }) => kind)
        const watcher: Seen = { since, kinds, watch, options: step.options, batches: [] }
        seen.push(watcher)
        watch.on(
          batch => watcher.batches.push(inModelWords(batch)),
          error => {
            watcher.error = error
          },
        )
      }
      for (const { watch, since, kinds, options, batches } of step.kind === 'settle' ? seen : []) {
        const due = model.events(since, kinds, options).filter(({ revision }) => revision <= watch.revision)
        expect(batches, 'what the revision of a watch says').toEqual(due)
      }
      for (const snapshot of snapshots) {
        if (snapshot.revision + 2 * logCapacity < store.revision) continue
        assertReads(snapshot, model, snapshot.revision)
      }
    }
    await env.settle()
    for (const { since, kinds, watch, options, batches, error } of seen) {
      const expected = model.events(since, kinds, options)
      if (error === undefined) {
        expect(batches).toEqual(expected)
        expect(watch.revision).toBe(store.revision)
      } else {
        // Cut off, but never with a gap: what came is the beginning of what should have come.
        expect(since).toBeLessThan(oldest())
        expect(error).toMatchObject({ code: 'SlowConsumer' })
        expect(batches).toEqual(expected.slice(0, batches.length))
      }
    }
  }

  test('reads at every pinned revision and every watch stream agree', async () => {
    const steps = fc.array(step, { minLength: 5, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(steps, one => run(one, 1_000)),
      { numRuns: 50 },
    )
  })

  test('also when the log and old versions are dropped all the time', async () => {
    const steps = fc.array(step, { minLength: 10, maxLength: 40 })
    await fc.assert(fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), run), { numRuns: 50 })
  })
})

describe('slow and fast watchers', () => {
  test('one that is not cut off is not cut off because of others', async () => {
    const { env, store } = createWorld({ logCapacity: 4 })
    const slow = store.watch(Widget)[Symbol.asyncIterator]()
    const fast: WatchBatch<unknown>[] = []
    store.watch(Widget).on(batch => fast.push(batch))
    for (let index = 0; index < 10; index++) {
      await store.create(Widget, { metadata: { namespace: 'a', name: `n${index}` }, spec: {} })
      await env.settle()
    }
    expect(fast.map(batch => batch.revision)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    const next = slow.next()
    const refused = expect(next).rejects.toMatchObject({
      code: 'SlowConsumer',
      lastResourceVersion: '0',
      oldestAvailable: 6,
    })
    await env.settle()
    await refused
    expect(await slow.next()).toEqual({ done: true, value: undefined })
  })
})
