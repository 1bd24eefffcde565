import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClosedError, InvalidError, UsageError } from '../../src/core/index.js'
import type { CacheOptions } from '../../src/reconcile/cache/cache-contract.js'
import { createCache, defineIndex } from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { BadRequestError, FencedError } from '../../src/store/object/store-errors.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { kindOf, Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { ScriptedSource } from './scripted-source.js'
import { grow } from './widget-world.js'

const bySize = defineIndex(Widget, object => object.spec.size)

async function startScripted(options: Partial<CacheOptions> = {}) {
  const { env, store } = createWorld()
  const source = new ScriptedSource()
  source.write('a', 1)
  source.write('b', 2)
  const cache = createCache({ kinds: [Widget], indexes: [bySize], source, ...options })
  const changes: string[] = []
  cache.onChange(batch => {
    for (const { before, after, inferred } of batch.changes) {
      const name = (after ?? before)?.metadata.name
      changes.push(`${name} ${sizeOf(before)}→${sizeOf(after)}${inferred === true ? ' inferred' : ''}`)
    }
  })
  await env.run(() => cache.start(store))
  changes.length = 0
  const sizes = () =>
    Object.fromEntries(cache.list(Widget).items.map(({ metadata, spec }) => [metadata.name, spec.size]))
  const warnings = () => env.logs.filter(line => line.level === 'warn').length
  return { env, store, source, cache, changes, sizes, warnings }
}

const sizeOf = (object: { readonly spec: unknown } | undefined) =>
  object === undefined ? '' : (object.spec as { size: number }).size

describe('a watch that ends with', () => {
  const reasons: readonly (readonly [string, Error])[] = [
    ['Usage', new UsageError('the kind is unknown')],
    ['Invalid', new InvalidError('the shard', [{ field: 'shard', message: 'must be one', value: '9/4' }])],
    ['BadRequest', new BadRequestError('no such operator', { field: 'selector' })],
  ]
  test.each(reasons)('%s is not opened again, and the cache says why', async (_code, error) => {
    const { env, source, cache } = await startScripted()
    source.cut({ error })
    await env.advance(600_000)
    expect([source.opened, cache.failure]).toEqual([1, error])
  })

  test.each([
    ['a lost connection', new Error('lost')],
    ['a leadership that is over', new FencedError({ kind: 'Lease', name: 'x' }, '1', undefined)],
  ])('%s is opened again', async (_what, error) => {
    const { env, source, cache } = await startScripted()
    source.cut({ error })
    await env.advance(600_000)
    expect([source.opened, cache.failure]).toEqual([2, undefined])
  })
})

describe('a cache equals its source', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd')
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('write' as const), names, fc.option(fc.nat(3))) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('miss' as const), names, fc.option(fc.nat(3))) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('repeat' as const), fc.nat(3)) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constant('cut' as const), fc.constantFrom('end', 'error', 'compact', 'late')),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('garbage' as const), fc.anything()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('restore' as const), fc.nat(3)) },
  )

  test('after any writes, duplicates, cuts, expired positions, garbage and restores', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        const { env, source, cache, sizes } = await startScripted()
        for (const [kind, first, second] of steps) {
          const size = (second ?? undefined) as number | undefined
          if (kind === 'write') source.write(first, size)
          else if (kind === 'miss') {
            // What is written between two connections is never told as such.
            source.cut({ compact: second === null })
            source.write(first, size)
          } else if (kind === 'repeat') source.repeat(first)
          else if (kind === 'garbage') source.say(first)
          else if (kind === 'restore') {
            if (source.revision <= 4) continue
            // Revisions are all there is to tell its lives apart, so the cache must have seen the one that was lost.
            await env.advance(300_000)
            source.cut()
            source.restore(source.revision - 1 - first, { a: first, z: 1 })
            await env.advance(300_000)
          } else if (first === 'late') await env.advance(50)
          else
            source.cut({
              compact: first === 'compact',
              ...(first === 'end' ? {} : { error: new Error('x') }),
            })
        }
        await env.advance(600_000)
        expect(sizes()).toEqual(
          Object.fromEntries([...source.objects].map(([name, object]) => [name, sizeOf(object)])),
        )
        expect(cache.hasReached(source.revision)).toBe(true)
        for (const size of [0, 1, 2, 3]) {
          const expected = [...source.objects].filter(([, object]) => sizeOf(object) === size)
          expect(cache.by(bySize, size).map(object => object.metadata.name)).toEqual(
            expected.map(([name]) => name).sort(),
          )
        }
      }),
      { numRuns: 200 },
    )
  })

  test('over a store, with a log too short for its writes', async () => {
    const write = fc.tuple(
      fc.constantFrom('create', 'grow', 'delete', 'settle'),
      fc.constantFrom('a', 'b', 'c'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 40 }), async writes => {
        const { env, store } = createWorld({ logCapacity: 3 })
        const cache = createCache({ kinds: [Widget, Part], indexes: [bySize] })
        await env.run(() => cache.start(store))
        for (const [verb, name] of writes) {
          if (verb === 'create') await store.create(Widget, widget(name)).catch(() => {})
          else if (verb === 'grow') await store.modify(Widget, ref(name), grow).catch(() => {})
          else if (verb === 'delete') await store.delete(Widget, ref(name)).catch(() => {})
          else await env.settle()
        }
        await env.advance(60_000)
        expect(cache.list(Widget)).toEqual(store.list(Widget))
        expect(cache.revision).toBe(store.revision)
        expect(await cache.verify()).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('what a source does', () => {
  test('it ends or fails: it is opened again where it was, with longer pauses', async () => {
    const { env, source, sizes } = await startScripted()
    source.cut()
    source.write('a', 9)
    await env.advance(49)
    expect(source.opened).toBe(1)
    await env.advance(51)
    expect(source.asked).toEqual([undefined, 3])
    expect(sizes()).toEqual({ a: 9, b: 2 })
    for (let n = 0; n < 20; n++) {
      source.cut({ error: new Error('refused') })
      await env.advance(30_000)
    }
    expect(source.opened).toBe(22)
  })

  test.each([
    { livesMs: 0, reopened: false },
    { livesMs: 10_000, reopened: false },
    { livesMs: 128_000, reopened: true },
  ])(
    'after eight short lives, one of $livesMs ms: only ten times the pause before it is healthy',
    async ({ livesMs, reopened }) => {
      const { env, source } = await startScripted()
      for (let n = 1; n <= 8; n++) {
        source.cut()
        while (source.opened === n) await env.advance(100)
      }
      await env.advance(livesMs)
      source.cut()
      await env.advance(100)
      expect(source.opened === 10).toBe(reopened)
    },
  )

  test('it has forgotten the position: it lists, and what went is told as inferred', async () => {
    const { env, source, changes } = await startScripted()
    source.cut({ compact: false })
    source.write('a', undefined)
    source.write('c', 3)
    source.cut({ compact: true })
    await env.advance(1_000)
    expect(source.asked).toEqual([undefined, 3, undefined])
    expect(changes).toEqual(['a 1→ inferred', 'c →3'])
  })

  test('it says the same twice: once is told', async () => {
    const { source, changes, warnings } = await startScripted()
    source.write('a', 5)
    source.repeat(0)
    expect(changes).toEqual(['a 1→5'])
    expect(warnings()).toBe(0)
  })

  test('it says something older than what is known: nothing changes, and it lists again', async () => {
    const { env, source, changes, sizes } = await startScripted()
    source.write('a', 5)
    source.repeat(1)
    expect(sizes()).toEqual({ a: 5, b: 2 })
    await env.advance(1_000)
    expect(source.asked).toEqual([undefined, undefined])
    expect(changes).toEqual(['a 1→5'])
  })

  test('it lists an older revision: refused five times, then taken as a new epoch', async () => {
    const { env, source, cache, sizes, changes } = await startScripted()
    for (const size of [3, 4, 5]) source.write('a', size)
    changes.length = 0
    source.restore(2, { a: 1, b: 7 })
    source.cut({ error: new Error('gone') })
    await env.advance(600)
    expect(sizes()).toEqual({ a: 5, b: 2 })
    expect(cache.hasReached(2)).toBe(false)
    await env.advance(20_000)
    expect(sizes()).toEqual({ a: 1, b: 7 })
    expect([cache.epoch, cache.revision]).toEqual([1, 2])
    expect(changes).toEqual(['a 5→1', 'b 2→7'])
  })

  test('it deletes what nobody knows: nothing is told', async () => {
    const { source, changes } = await startScripted()
    source.write('c', 1, { silent: true })
    source.write('c', undefined)
    expect(changes).toEqual([])
  })

  test('it tells changes before its first list: they are refused', async () => {
    const env = createVirtualEnv()
    const source = new ScriptedSource()
    source.write('a', 1)
    const cache = createCache({
      kinds: [Widget],
      source: { list: () => source.list(), open: () => source.open(0) },
    })
    void cache.start(createStore({ kinds: [Widget], env }))
    await env.advance(1_000)
    expect([cache.synced, cache.list(Widget).items]).toEqual([false, []])
    expect(env.logs.some(({ fields }) => String(fields?.['err']).includes('before its first list'))).toBe(
      true,
    )
  })

  test.each([
    ['nothing', undefined],
    ['no revision', { events: [] }],
    ['a fraction', { revision: 9.5, events: [] }],
    ['no events', { revision: 9 }],
    ['an unknown type', { revision: 9, events: [{ type: 'BOOKMARK', object: {} }] }],
    ['no metadata', { revision: 9, events: [{ type: 'ADDED', object: {} }] }],
    [
      'another kind',
      {
        revision: 9,
        events: [
          {
            type: 'ADDED',
            object: { kind: 'X', apiVersion: 'v1', metadata: { name: 'a', uid: 'u', resourceVersion: '9' } },
          },
        ],
      },
    ],
  ])('it says %s: nothing of it is taken, and it lists again', async (_what, garbage) => {
    const { env, source, sizes, changes } = await startScripted()
    source.say(garbage)
    source.write('a', 4)
    expect(sizes()).toEqual({ a: 1, b: 2 })
    await env.advance(1_000)
    expect(sizes()).toEqual({ a: 4, b: 2 })
    expect(changes).toEqual(['a 1→4'])
  })

  test('it is closed: never opened again; before the first list the start fails', async () => {
    const { env, source } = await startScripted()
    source.cut({ error: new ClosedError('the source') })
    await env.advance(600_000)
    expect(source.opened).toBe(1)
    const { store } = createWorld()
    await store.close()
    await expect(createCache({ kinds: [Widget] }).start(store)).rejects.toMatchObject({ code: 'Closed' })
  })
})

describe('verify', () => {
  test('reports every sort of difference, and fills the cache anew', async () => {
    const { env, source, cache, sizes } = await startScripted()
    source.write('c', 3)
    source.write('a', 9, { silent: true })
    source.write('b', undefined, { silent: true })
    source.write('d', 1, { silent: true })
    source.write('c', 3)
    const found = await env.run(() => cache.verify())
    expect(found.map(({ kind, cached, listed }) => [kind, (cached ?? listed)?.metadata.name])).toEqual([
      ['stale', 'a'],
      ['missing', 'd'],
      ['surplus', 'b'],
    ])
    await env.advance(1_000)
    expect(sizes()).toEqual({ a: 9, c: 3, d: 1 })
    expect(await env.run(() => cache.verify())).toEqual([])
  })

  test('says nothing of what changes while it looks', async () => {
    const { env, source, cache } = await startScripted()
    const slow = createCache({
      kinds: [Widget],
      source: {
        open: since => source.open(since),
        list: async () => {
          const listed = source.list()
          await env.clock.sleep(10)
          return listed
        },
      },
    })
    cache.stop()
    await env.run(() => slow.start(createStore({ kinds: [Widget], env })))
    const running = slow.verify()
    source.write('a', undefined)
    source.write('n', 1)
    await env.advance(10)
    expect(await running).toEqual([])
  })

  test('gives up on a cache that does not get there', async () => {
    const { env, source, cache } = await startScripted()
    source.write('a', 7, { silent: true })
    const running = cache.verify({ timeoutMs: 500 })
    const failed = expect(running).rejects.toMatchObject({ code: 'Timeout' })
    await env.advance(500)
    await failed
  })
})

describe('reads', () => {
  test('hold up no change, however many there are, and what they gave stays as it was', async () => {
    const { env, store } = createWorld()
    const cache = createCache({ kinds: [Widget] })
    await env.run(() => cache.start(store))
    for (let at = 0; at < 20; at += 1) await store.create(Widget, widget(`w${at}`))
    await env.settle()
    const before = cache.list(Widget).items
    const copy = structuredClone(before)
    for (let size = 2; size < 30; size += 1) {
      await store.modify(Widget, ref('w7'), draft => void (draft.spec.size = size))
      for (let reads = 0; reads < 50; reads += 1) cache.list(Widget)
      await env.settle()
      expect([cache.get(Widget, ref('w7'))?.spec.size, cache.hasReached(store.revision)]).toEqual([
        size,
        true,
      ])
    }
    expect(before).toEqual(copy)
  })

  test('by an index that the kind declares, as it changes', async () => {
    const Tagged = kindOf<{ tags: readonly string[] }>('Tagged', {
      namespaced: false,
      indexes: { tag: object => object.spec.tags },
    })
    const tags = fc.uniqueArray(fc.constantFrom('x', 'y'))
    const write = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.option(tags))
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 12 }), async writes => {
        const { env, store } = createWorld({ kinds: [Tagged] })
        const cache = createCache({ kinds: [Tagged] })
        await env.run(() => cache.start(store))
        for (const [name, wanted] of writes) {
          const present = store.get(Tagged, { name })
          if (wanted === null) await store.delete(Tagged, { name }).catch(() => {})
          else if (present === undefined)
            await store.create(Tagged, { metadata: { name }, spec: { tags: wanted } })
          else await store.update(Tagged, { ...present, spec: { tags: wanted } })
          await env.settle()
          for (const value of ['x', 'y', 'z']) {
            const options = { index: { name: 'tag', value } }
            expect(cache.list(Tagged, options).items).toEqual(store.list(Tagged, options).items)
          }
        }
        expect(() => cache.list(Tagged, { index: { name: 'none', value: 'x' } })).toThrow(
          expect.objectContaining({ code: 'BadRequest' }),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('that are refused look at nothing, so that unknown names leave no indexes behind', async () => {
    let looks = 0
    const Looked = kindOf('Looked', { indexes: { looks: () => `${looks++}` } })
    const { env, store } = createWorld({ kinds: [Looked] })
    await store.create(Looked, { metadata: { namespace: 'a', name: 'a' }, spec: {} })
    const cache = createCache({ kinds: [Looked] })
    await env.run(() => cache.start(store))
    looks = 0
    const index = { name: 'looks', value: '0' }
    for (const wrong of [{ labelSelector: '!!' }, { fieldSelector: 'a' }, { unknown: 1 }, { namespace: 7 }])
      expect(() => cache.list(Looked, { ...wrong, index } as object)).toThrow()
    for (const name of ['none', 'toString', '__proto__'])
      expect(() => cache.list(Looked, { index: { name, value: '' } })).toThrow(
        expect.objectContaining({ code: 'BadRequest' }),
      )
    expect(looks).toBe(0)
  })

  test('are those of a store: conditions, order, counts', async () => {
    const { env, store } = createWorld()
    for (const [namespace, name, tier] of [
      ['b', 'x', 'web'],
      ['a', 'z', 'db'],
      ['a', 'y', 'web'],
    ] as const)
      await store.create(Widget, { metadata: { namespace, name, labels: { tier } }, spec: { size: 1 } })
    const cache = createCache({ kinds: [Widget] })
    await env.run(() => cache.start(store))
    for (const options of [
      {},
      { namespace: 'a' },
      { labelSelector: 'tier=web' },
      { namespace: 'a', labelSelector: 'tier in (web)' },
      { fieldSelector: 'spec.size=1,metadata.name!=y' },
    ]) {
      expect(cache.list(Widget, options)).toEqual(store.list(Widget, options))
      expect(cache.count(Widget, options)).toBe(store.count(Widget, options))
    }
    expect(cache.get(Widget, { namespace: 'a', name: 'z' })).toBe(
      store.get(Widget, { namespace: 'a', name: 'z' }),
    )
    expect(() => cache.get(Part, ref('a'))).toThrow(expect.objectContaining({ code: 'Usage' }))
    expect(() => cache.list(Widget, { limit: 1 })).toThrow(expect.objectContaining({ code: 'Usage' }))
    expect(() => cache.by(bySize, 1)).toThrow(expect.objectContaining({ code: 'Usage' }))
  })

  test('an index function that throws or gives nothing of use leaves the object out', async () => {
    const odd = defineIndex(Widget, ({ metadata: { name } }) => {
      if (name === 'a') throw new Error('bad')
      return (name === 'b' ? { not: 'a value' } : ['x', 'x', 'y', undefined]) as string[]
    })
    const { env, store } = createWorld()
    for (const name of ['a', 'b', 'c']) await store.create(Widget, widget(name))
    const cache = createCache({ kinds: [Widget], indexes: [odd] })
    await env.run(() => cache.start(store))
    const names = (value: string) => cache.by(odd, value).map(object => object.metadata.name)
    expect([names('x'), names('y')]).toEqual([['c'], ['c']])
    await env.run(() => store.delete(Widget, ref('c')))
    await env.settle()
    expect(names('x')).toEqual([])
  })
})

test('a cache lists ranges, compound values and backwards as its store does', async () => {
  const Job = kindOf<{ node: string; priority: number }>('Job', {
    namespaced: false,
    indexes: {
      node: job => [[job.spec.node]],
      place: job => [[job.spec.node, job.spec.priority]],
    },
    orderedIndexes: ['place'],
  })
  const { env, store } = createWorld({ kinds: [Job] })
  const cache = createCache({ kinds: [Job] })
  await env.run(() => cache.start(store))
  for (const [name, node, priority] of [
    ['a', 'n1', 10],
    ['b', 'n1', 9],
    ['c', 'n2', 1],
  ] as const)
    await store.create(Job, { metadata: { name }, spec: { node, priority } })
  await env.settle()
  for (const options of [
    { reverse: true },
    { names: { from: 'b' } },
    { index: { name: 'node', value: 'n1' } },
    { index: { name: 'place', value: ['n1', 9] } },
    { index: { name: 'place', from: ['n1', 10] }, reverse: true },
  ]) {
    const wanted = store.list(Job, options).items
    expect(wanted.length).toBeGreaterThan(0)
    expect(cache.list(Job, options).items).toEqual(wanted)
  }
})
