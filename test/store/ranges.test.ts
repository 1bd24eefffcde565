import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { storeOn } from '../../src/store/client/engine-client.js'
import { Engine } from '../../src/store/engine/engine.js'
import type { ListOptions, Reader, Snapshot, StoredObject, Transaction } from '../../src/store/index.js'
import { createStore, listAndWatch } from '../../src/store/index.js'
import { selectObjects } from '../../src/store/internal.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { kindOf } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

interface Spec {
  readonly node?: string
  readonly priority?: number
  readonly due?: readonly number[]
}
type Job = StoredObject<Spec>

const Job = kindOf<Spec>('Job', {
  indexes: {
    node: ({ spec }) => spec.node,
    due: ({ spec }) => spec.due,
    place: ({ spec: { node, priority } }) =>
      node === undefined ? undefined : [priority === undefined ? [node] : [node, priority]],
    plain: ({ spec: { node, priority = 0 } }) => (node === undefined ? undefined : [[node, priority]]),
  },
  orderedIndexes: ['node', 'due', 'place'],
})

type Part = string | number
/** A value, which sorts as its parts do, for what the specification says. */
type Sortable = readonly Part[]

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function compare(a: Sortable, b: Sortable): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [left, right] = [a[index] as Part, b[index] as Part]
    if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1
    if (left !== right) return left < right ? -1 : 1
  }
  return a.length - b.length
}

const valuesOf: Readonly<Record<string, (spec: Spec) => readonly Sortable[]>> = {
  node: ({ node }) => (node === undefined ? [] : [[node]]),
  due: ({ due = [] }) => due.map(time => [time]),
  place: ({ node, priority }) =>
    node === undefined ? [] : [priority === undefined ? [node] : [node, priority]],
}

const partsOf = (value: unknown): Sortable => (Array.isArray(value) ? value : [value as Part])

function isInRange(value: Sortable, { prefix, from, to }: NonNullable<ListOptions['index']>): boolean {
  if (from !== undefined && compare(value, partsOf(from)) < 0) return false
  if (to !== undefined && compare(value, partsOf(to)) >= 0) return false
  if (prefix === undefined) return true
  if (typeof prefix === 'string') return typeof value[0] === 'string' && value[0].startsWith(prefix)
  return prefix.every((part, index) => value[index] === part)
}

/** Filters and sorts everything. */
function expected(all: readonly Job[], options: ListOptions): string[] {
  const { namespace, names, index, reverse = false } = options
  const direction = reverse ? -1 : 1
  const found: { value: Sortable; job: Job }[] = []
  for (const job of all) {
    const { metadata } = job
    if (namespace !== undefined && metadata.namespace !== namespace) continue
    if (options.labelSelector === 'app=web' && metadata.labels['app'] !== 'web') continue
    const { prefix = '', from = '', to = '\uffff' } = names ?? {}
    if (!metadata.name.startsWith(prefix) || metadata.name < from || metadata.name >= to) continue
    if (index === undefined) {
      found.push({ value: [], job })
      continue
    }
    const all = (valuesOf[index.name] as (spec: Spec) => readonly Sortable[])(job.spec)
    const values = 'value' in index ? all.filter(value => compare(value, partsOf(index.value)) === 0) : all
    const [first] = values
      .filter(value => isInRange(value, index))
      .toSorted((a, b) => compare(a, b) * direction)
    if (first !== undefined) found.push({ value: first, job })
  }
  return found
    .toSorted(
      (a, b) =>
        direction *
        (compare(a.value, b.value) ||
          compareText(a.job.metadata.namespace ?? '', b.job.metadata.namespace ?? '') ||
          compareText(a.job.metadata.name, b.job.metadata.name)),
    )
    .map(({ job }) => keyOf(job))
}

const keyOf = ({ metadata, spec }: Job): string =>
  `${metadata.namespace}/${metadata.name} ${JSON.stringify(spec)}`

const listed = (reader: Reader, options: ListOptions): string[] => reader.list(Job, options).items.map(keyOf)

function paged(reader: Reader, options: ListOptions, limit: number): string[] {
  const found: string[] = []
  let page = reader.list(Job, { ...options, limit })
  for (;;) {
    expect(page.items.length).toBeLessThanOrEqual(limit)
    found.push(...page.items.map(keyOf))
    if (page.continue === undefined) return found
    page = reader.list(Job, { ...options, limit, continue: page.continue })
  }
}

const node = fc.constantFrom('', 'a', 'a1', 'a\u0000', 'b', '\ud800', '\uffff')
const number = fc.constantFrom(-10, -1.5, 0, 2, 10, 1e21)
const text = fc.constantFrom('', 'a', 'b', 'ab', 'b-1')
const bound = fc.oneof(node, number, fc.tuple(node, number), fc.tuple(node))

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 })

function defined<T extends object>(options: object): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

const range = fc
  .record({
    name: fc.constantFrom('node', 'due', 'place'),
    prefix: optional(fc.oneof(node, fc.tuple(node), fc.tuple(node, number))),
    from: optional(bound),
    to: optional(bound),
  })
  .map(index => defined<NonNullable<ListOptions['index']>>(index))
const equality = fc.record({
  name: fc.constantFrom('node', 'place'),
  value: fc.oneof(node, fc.tuple(node, number)),
})

const query: fc.Arbitrary<ListOptions> = fc
  .record({
    namespace: fc.constantFrom(undefined, undefined, 'x', 'y'),
    labelSelector: fc.constantFrom(undefined, undefined, 'app=web'),
    names: optional(
      fc
        .record({ prefix: optional(text), from: optional(text), to: optional(text) })
        .map(names => defined<NonNullable<ListOptions['names']>>(names)),
    ),
    index: fc.oneof(range, range, equality, fc.constant(undefined)),
    reverse: fc.constantFrom(undefined, true, false),
  })
  .map(options => defined<ListOptions>(options))

interface Write {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly remove: boolean
  readonly spec: Spec
}

const write: fc.Arbitrary<Write> = fc.record({
  namespace: fc.constantFrom('x', 'y', 'y-z'),
  name: fc.constantFrom('a', 'ab', 'b', 'b-1', 'b-2', 'c'),
  labels: fc.constantFrom<Record<string, string>>({}, { app: 'web' }),
  remove: fc.boolean(),
  spec: fc
    .record({
      node: optional(node),
      priority: optional(number),
      due: optional(fc.array(number, { maxLength: 3 })),
    })
    .map(spec => defined<Spec>(JSON.parse(JSON.stringify(spec)) as object)),
})

function put(tx: Transaction, one: Write): void {
  const ref = { namespace: one.namespace, name: one.name }
  const stored = tx.get(Job, ref)
  if (one.remove) {
    if (stored !== undefined) tx.delete(Job, ref)
  } else if (stored === undefined)
    tx.create(Job, { metadata: { ...ref, labels: one.labels }, spec: one.spec })
  else tx.update(Job, { ...stored, metadata: { ...stored.metadata, labels: one.labels }, spec: one.spec })
}

describe('a list by range', () => {
  test('is what filtering and sorting everything gives: now, in the past, in a transaction, by pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(write, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 }),
        fc.array(query, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 2, max: 30 }),
        async (batches, queries, limit, logCapacity) => {
          const store = createStore({ kinds: [Job], logCapacity })
          const held: { snapshot: Snapshot; all: readonly Job[] }[] = []
          const check = (reader: Reader, all: readonly Job[]): void => {
            for (const options of queries) {
              const wanted = expected(all, options)
              expect(listed(reader, options)).toEqual(wanted)
              expect(reader.count(Job, options)).toBe(wanted.length)
              expect(paged(reader, options, limit)).toEqual(wanted)
              expect(selectObjects(Job, options, () => all).map(one => keyOf(one as Job))).toEqual(wanted)
            }
          }
          for (const batch of batches) {
            await store.transact(tx => {
              for (const one of batch.slice(0, 3)) put(tx, one)
              check(tx, tx.list(Job).items)
              for (const one of batch.slice(3)) put(tx, one)
            })
            held.push({ snapshot: store.snapshot(), all: store.list(Job).items })
            check(store, store.list(Job).items)
            for (const { snapshot, all } of held)
              if (snapshot.revision + 2 * logCapacity >= store.revision) check(snapshot, all)
            if (held.length > 3) held.splice(1, 1)[0]?.snapshot.close()
          }
          const last = held.at(-1)
          if (last !== undefined) check(last.snapshot.fork(), last.all)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('costs what it finds, not what there is', async () => {
    const env = createVirtualEnv()
    let looks = 0
    const Counted = kindOf<Spec>('Job', {
      indexes: { due: ({ spec }) => spec.due },
      orderedIndexes: ['due'],
    })
    const engine = new Engine({ kinds: [Counted], env, logCapacity: 100_000 })
    const store = storeOn(engine)
    for (let due = 0; due < 3_000; due++)
      await store.create(Counted, { metadata: { namespace: 'x', name: `j${due}` }, spec: { due: [due] } })
    // What was due before is done: nothing of it is in the way of those who look for what is next.
    for (let due = 0; due < 1_000; due++)
      await store.modify(
        Counted,
        { namespace: 'x', name: `j${due}` },
        draft => void (draft.spec.due = [due + 5_000]),
      )
    const { values } = engine.table(Counted)
    const walk = values?.live.walk.bind(values.live)
    if (values !== undefined && walk !== undefined)
      values.live.walk = (wanted, visit) =>
        walk(wanted, place => {
          looks++
          return visit(place)
        })
    const next = store.list(Counted, { index: { name: 'due', from: 0 }, limit: 1 })
    expect(next.items.map(({ spec }) => spec.due)).toEqual([[1_000]])
    store.list(Counted, { index: { name: 'due', from: 0 }, limit: 1, continue: next.continue as string })
    store.list(Counted, { index: { name: 'due', from: 2_000, to: 2_003 } })
    expect(looks).toBeLessThan(10)
  })

  test('of what is gone is let go', async () => {
    const env = createVirtualEnv()
    const engine = new Engine({ kinds: [Job], env, logCapacity: 4 })
    const store = storeOn(engine)
    for (let index = 0; index < 20; index++) {
      const ref = { namespace: 'x', name: `j${index}` }
      await store.create(Job, { metadata: ref, spec: { node: 'a', priority: index, due: [1, index] } })
      await store.modify(Job, ref, draft => void (draft.spec.due = [index + 1]))
      await store.delete(Job, ref)
    }
    for (let index = 0; index < 5; index++)
      await store.create(Job, { metadata: { namespace: 'y', name: `j${index}` }, spec: {} })
    const { values } = engine.table(Job)
    expect([values?.live.size, values?.former.size]).toEqual([0, 0])
  })

  test('is guarded in an optimistic transaction, and only where it was looked at', async () => {
    const { env, store } = createWorld({ kinds: [Job] })
    const run = async (due: number): Promise<number> => {
      let runs = 0
      const done = store.optimistic(async tx => {
        tx.list(Job, { index: { name: 'due', from: 10, to: 20 }, limit: 1 })
        if (runs++ === 0)
          await store.create(Job, { metadata: { namespace: 'x', name: `j${due}` }, spec: { due: [due] } })
        tx.create(Job, { metadata: { namespace: 'y', name: `j${due}` }, spec: {} })
      })
      await env.advance(1_000)
      await done
      return runs
    }
    expect([await run(20), await run(9), await run(10)]).toEqual([1, 1, 2])
  })

  test('can be watched', async () => {
    const { env, store } = createWorld({ kinds: [Job] })
    const seen: string[] = []
    listAndWatch(store, Job, { index: { name: 'place', prefix: ['a'], from: ['a', 5] } }).on(({ events }) => {
      for (const { type, object } of events) seen.push(`${type} ${object.metadata.name}`)
    })
    const set = (name: string, spec: Spec): Promise<unknown> =>
      store.transact(tx => put(tx, { namespace: 'x', name, labels: {}, remove: false, spec }))
    await set('one', { node: 'a', priority: 5 })
    await set('two', { node: 'ab', priority: 7 })
    await set('three', { node: 'a', priority: 4 })
    await set('one', { node: 'b', priority: 5 })
    await set('three', { node: 'a', priority: 6 })
    await env.settle()
    expect(seen).toEqual(['ADDED one', 'DELETED one', 'ADDED three'])
  })
})

describe('a compound value', () => {
  test('is found as a whole, in an index without order too', async () => {
    const store = createStore({ kinds: [Job] })
    await store.create(Job, { metadata: { namespace: 'x', name: 'a' }, spec: { node: 'n', priority: 1 } })
    await store.create(Job, { metadata: { namespace: 'x', name: 'b' }, spec: { node: 'n', priority: 2 } })
    for (const name of ['plain', 'place'])
      expect(listed(store, { index: { name, value: ['n', 2] } })).toEqual(['x/b {"node":"n","priority":2}'])
    expect(listed(store, { index: { name: 'plain', value: 'n' } })).toEqual([])
  })

  test('of a unique index is named in the refusal', async () => {
    const Unique = kindOf<Spec>('Unique', {
      namespaced: false,
      indexes: { place: ({ spec: { node = '', priority = 0 } }) => [[node, priority]] },
      uniqueIndexes: ['place'],
    })
    const store = createStore({ kinds: [Unique] })
    await store.create(Unique, { metadata: { name: 'a' }, spec: { node: 'n', priority: 1 } })
    await expect(
      store.create(Unique, { metadata: { name: 'b' }, spec: { node: 'n', priority: 1 } }),
    ).rejects.toMatchObject({ code: 'UniqueViolation', details: { value: ['n', 1] } })
  })

  test.each([[[[]]], [[null]], [Number.NaN], [[['a', Number.POSITIVE_INFINITY]]], [{}]])(
    'cannot be made of %j',
    async values => {
      const Odd = kindOf<Spec>('Odd', { namespaced: false, indexes: { odd: () => values as never } })
      const store = createStore({ kinds: [Odd] })
      await expect(store.create(Odd, { metadata: { name: 'a' }, spec: {} })).rejects.toMatchObject({
        code: 'Usage',
      })
      expect(store.revision).toBe(0)
    },
  )
})

describe('bad ranges', () => {
  test.each<[string, unknown]>([
    ['no value for an index without order', { index: { name: 'plain' } }],
    ['a range of an index without order', { index: { name: 'plain', from: 1 } }],
    ['a value that is missing', { index: { name: 'due', value: undefined } }],
    ['a value and a range', { index: { name: 'due', value: 1, to: 5 } }],
    ['a bound that is none', { index: { name: 'due', from: Number.NaN } }],
    ['an empty list', { index: { name: 'due', from: [] } }],
    ['a number as prefix', { index: { name: 'due', prefix: 5 } }],
    ['names that are no range', { names: 'a' }],
    ['a number among names', { names: { from: 5 } }],
    ['a word for reverse', { reverse: 'yes' }],
  ])('are refused: %s', (_name, options) => {
    const store = createStore({ kinds: [Job] })
    expect(() => store.list(Job, options as ListOptions)).toThrow(
      expect.objectContaining({ code: 'BadRequest' }),
    )
  })

  test('an ordered index is a declared one', () => {
    expect(() => kindOf('K', { orderedIndexes: ['x'] })).toThrow(expect.objectContaining({ code: 'Usage' }))
  })

  test('a token belongs to its range and its direction', async () => {
    const store = createStore({ kinds: [Job] })
    for (const due of [1, 2, 3])
      await store.create(Job, { metadata: { namespace: 'x', name: `j${due}` }, spec: { due: [due] } })
    const index = { name: 'due', from: 1 }
    const token = store.list(Job, { index, limit: 1 }).continue as string
    for (const options of [
      { index: { name: 'due', from: 2 } },
      { index, reverse: true },
      { index, names: { from: 'a' } },
    ])
      expect(() => store.list(Job, { ...options, continue: token })).toThrow(
        expect.objectContaining({ code: 'BadRequest' }),
      )
    expect(store.list(Job, { index: { name: 'due', from: [1] }, continue: token }).items).toHaveLength(2)
  })
})
