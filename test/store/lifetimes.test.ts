import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ObjectInput, Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import type { WidgetSpec } from '../fixtures/kinds.js'
import { ref as at, Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const widget = (name: string): ObjectInput<WidgetSpec> => ({ metadata: at(name), spec: {} })

const names = (store: Store): string[] => store.list(Widget).items.map(({ metadata }) => metadata.name)

describe('a lifetime', () => {
  test('takes its objects with it when its time is over, in one revision, in key order', async () => {
    const { env, store } = createWorld()
    await store.lifetimes.grant({ id: 'L', ttlMs: 10_000 })
    for (const name of ['b', 'a']) await store.create(Widget, widget(name), { lifetime: 'L' })
    await store.create(Gadget, { metadata: { name: 'g' }, spec: {} }, { lifetime: 'L' })
    await store.create(Widget, widget('free'))
    const seen: string[] = []
    store
      .watch([Widget, Gadget])
      .on(batch => seen.push(batch.events.map(({ type, object }) => type + object.metadata.name).join()))
    const { revision } = store
    await env.advance(9_999)
    expect(store.lifetimes.get('L')).toEqual({ id: 'L', ttlMs: 10_000, remainingMs: 1, objects: 3 })
    expect(store.revision).toBe(revision)
    await env.advance(1)
    expect(names(store)).toEqual(['free'])
    expect(store.revision).toBe(revision + 1)
    expect(store.lifetimes.get('L')).toBeUndefined()
    await env.settle()
    expect(seen).toEqual(['DELETEDa,DELETEDb,DELETEDg'])
  })

  test('is listed by id while it lasts, and told of an object, as a ttl is', async () => {
    const { env, store } = createWorld()
    await store.lifetimes.grant({ id: 'b', ttlMs: 10 })
    await store.lifetimes.grant({ id: 'a', ttlMs: 5 })
    await store.create(Widget, widget('x'), { lifetime: 'b' })
    await store.create(Widget, widget('y'), { ttlMs: 100 })
    await store.create(Widget, widget('z'))
    await env.advance(1)
    expect(store.lifetimes.list()).toEqual([
      { id: 'a', ttlMs: 5, remainingMs: 4, objects: 0 },
      { id: 'b', ttlMs: 10, remainingMs: 9, objects: 1 },
    ])
    const told = (): unknown => ['x', 'y', 'z', 'none'].map(name => store.lifetimes.of(Widget, at(name)))
    expect(told()).toEqual([
      { id: 'b', ttlMs: 10, remainingMs: 9 },
      { ttlMs: 100, remainingMs: 99 },
      undefined,
      undefined,
    ])
    await store.modify(Widget, at('y'), draft => void (draft.spec.size = 1), { lifetime: null })
    await env.advance(9)
    expect(store.lifetimes.list()).toEqual([])
    expect(told()).toEqual([undefined, undefined, undefined, undefined])
  })

  test('lives for its full time after each renewal, and takes no revision by itself', async () => {
    const { env, store } = createWorld()
    await store.lifetimes.grant({ id: 'L', ttlMs: 10_000 })
    await store.create(Widget, widget('a'), { lifetime: 'L' })
    for (let round = 0; round < 5; round++) {
      await env.advance(9_000)
      expect(await store.lifetimes.renew('L')).toMatchObject({ remainingMs: 10_000, objects: 1 })
    }
    expect(store.revision).toBe(1)
    await env.advance(10_000)
    expect(names(store)).toEqual([])
    await expect(store.lifetimes.renew('L')).rejects.toMatchObject({
      code: 'LifetimeNotFound',
      details: { id: 'L' },
    })
  })

  test('ends at once when it is revoked, and only once', async () => {
    const { store } = createWorld()
    const { id } = await store.lifetimes.grant({ ttlMs: 10_000 })
    await store.create(Widget, widget('a'), { lifetime: id })
    await store.lifetimes.revoke(id, { actor: 'a', reason: 'left' })
    expect(names(store)).toEqual([])
    await expect(store.lifetimes.revoke(id)).rejects.toMatchObject({ code: 'LifetimeNotFound' })
  })

  test('that there is not keeps a write from happening, also in a transaction', async () => {
    const { env, store } = createWorld()
    const refused = { code: 'LifetimeNotFound' }
    await expect(store.create(Widget, widget('a'), { lifetime: 'L' })).rejects.toMatchObject(refused)
    await store.create(Widget, widget('a'))
    const moved = store.modify(Widget, at('a'), draft => void (draft.spec.size = 1), { lifetime: 'L' })
    await expect(moved).rejects.toMatchObject(refused)
    const body = store.transact(tx => tx.create(Widget, widget('b'), { lifetime: 'L' }))
    await expect(body).rejects.toMatchObject(refused)
    await store.lifetimes.grant({ id: 'L', ttlMs: 1000 })
    const late = store.optimistic(async tx => {
      tx.create(Widget, widget('c'), { lifetime: 'L' })
      await env.clock.sleep(2000)
    })
    const failure = expect(late).rejects.toMatchObject(refused)
    await env.advance(2000)
    await failure
    expect(store.revision).toBe(1)
  })

  test('is one at most per object: the last write that names one decides, null detaches, silence keeps', async () => {
    const { env, store } = createWorld()
    await store.lifetimes.grant({ id: 'short', ttlMs: 1000 })
    await store.lifetimes.grant({ id: 'long', ttlMs: 5000 })
    for (const name of ['moved', 'freed', 'kept', 'reborn'])
      await store.create(Widget, widget(name), { lifetime: 'short' })
    const nothing = (): void => {}
    const { revision } = store
    await store.modify(Widget, at('moved'), nothing, { lifetime: 'long' })
    await store.modify(Widget, at('freed'), nothing, { lifetime: null })
    await store.modify(Widget, at('kept'), nothing, { lifetime: null, dryRun: true })
    expect(store.revision).toBe(revision)
    await store.modify(Widget, at('kept'), draft => void (draft.spec.size = 1))
    await store.delete(Widget, at('reborn'))
    await store.create(Widget, widget('reborn'))
    await env.advance(1000)
    expect(names(store)).toEqual(['freed', 'moved', 'reborn'])
    await env.advance(4000)
    expect(names(store)).toEqual(['freed', 'reborn'])
  })

  test('only marks what finalizers hold, and asks no admission hook', async () => {
    const env = createVirtualEnv()
    const never = {
      name: 'never',
      phase: 'validate',
      operations: ['delete'],
      handle: () => ({ forbidden: 'no' }),
    } as const
    const store = createStore({ kinds: [Widget], env, admission: [never] })
    const held = { metadata: { ...at('held'), finalizers: ['example.com/x'] }, spec: {} }
    await store.create(Widget, held, { ttlMs: 1000 })
    await store.create(Widget, widget('a'), { ttlMs: 1000 })
    await env.advance(1000)
    expect(names(store)).toEqual(['held'])
    expect(store.get(Widget, at('held'))?.metadata.deletionTimestamp).toBeDefined()
  })

  test('follows the monotonic clock, and dies with the store', async () => {
    const { env, store } = createWorld()
    await store.create(Widget, widget('a'), { ttlMs: 1000 })
    await store.close()
    await env.advance(5000)
    expect(store.revision).toBe(1)
  })

  test('bad times, taken ids and two lifetimes at once are refused', async () => {
    const { store } = createWorld()
    for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 9.1e12]) {
      await expect(store.lifetimes.grant({ ttlMs })).rejects.toMatchObject({ code: 'Invalid' })
      await expect(store.create(Widget, widget('a'), { ttlMs })).rejects.toMatchObject({ code: 'Invalid' })
    }
    await store.lifetimes.grant({ id: 'L', ttlMs: 1000 })
    await expect(store.lifetimes.grant({ id: 'L', ttlMs: 1 })).rejects.toMatchObject({
      code: 'AlreadyExists',
    })
    const both = store.create(Widget, widget('a'), { lifetime: 'L', ttlMs: 1 })
    await expect(both).rejects.toMatchObject({ code: 'Usage' })
    expect(store.revision).toBe(0)
  })

  test('obeys the fence of its client', async () => {
    const { env, store } = createWorld()
    const fence = { kind: Gadget, ref: { name: 'leader' }, resourceVersion: '7' }
    const { lifetimes } = store.client(env, { fence })
    await store.lifetimes.grant({ id: 'L', ttlMs: 1000 })
    const refused = [lifetimes.grant({ ttlMs: 1 }), lifetimes.renew('L'), lifetimes.revoke('L')].map(write =>
      expect(write).rejects.toMatchObject({ code: 'Fenced' }),
    )
    await env.settle()
    await Promise.all(refused)
    expect(store.lifetimes.get('L')).toBeDefined()
  })
})

test('many lifetimes that end together do so in bounded steps', async () => {
  const { env, store } = createWorld()
  for (let index = 0; index < 1200; index++) await store.create(Widget, widget(`w-${index}`), { ttlMs: 1000 })
  const counts: number[] = []
  const after = env.clock.after
  const spied = (ms: number, step: () => void): (() => void) => {
    counts.push(store.list(Widget).items.length)
    return after.call(env.clock, ms, step)
  }
  Object.defineProperty(env.clock, 'after', { value: spied })
  await env.advance(1000)
  expect(store.list(Widget).items).toEqual([])
  expect(counts).toEqual([700, 200])
})

const operations = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('grant' as const),
      id: fc.constantFrom('L', 'M'),
      ttl: fc.integer({ min: 1, max: 8 }),
    }),
    fc.record({ do: fc.constant('renew' as const), id: fc.constantFrom('L', 'M') }),
    fc.record({ do: fc.constant('revoke' as const), id: fc.constantFrom('L', 'M') }),
    fc.record({
      do: fc.constant('write' as const),
      name: fc.constantFrom('a', 'b', 'c'),
      lifetime: fc.constantFrom({ lifetime: 'L' }, { lifetime: 'M' }, { lifetime: null }, { ttlMs: 3 }, {}),
    }),
    fc.record({ do: fc.constant('delete' as const), name: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 5 }) }),
  ),
  { maxLength: 30 },
)

test('any sequence of operations leaves what a plain list of deadlines leaves', async () => {
  await fc.assert(
    fc.asyncProperty(operations, async sequence => {
      const { env, store } = createWorld()
      let now = 0
      const lifetimes = new Map<string, { ttl: number; end: number }>()
      const kept = new Map<string, { lifetime?: string; end?: number }>()
      const endLifetimes = (isOver: (id: string) => boolean): void => {
        for (const id of [...lifetimes.keys()].filter(isOver)) {
          lifetimes.delete(id)
          for (const [name, { lifetime }] of kept) if (lifetime === id) kept.delete(name)
        }
      }
      for (const step of sequence) {
        const codeOf = (write: Promise<unknown>): Promise<string> =>
          write.then(
            () => 'done',
            (error: { code: string }) => error.code,
          )
        if (step.do === 'wait') {
          now += step.ms
          await env.advance(step.ms)
          endLifetimes(id => (lifetimes.get(id)?.end ?? now + 1) <= now)
          for (const [name, { end }] of kept) if (end !== undefined && end <= now) kept.delete(name)
        } else if (step.do === 'grant') {
          const code = await codeOf(store.lifetimes.grant({ id: step.id, ttlMs: step.ttl }))
          expect(code).toBe(lifetimes.has(step.id) ? 'AlreadyExists' : 'done')
          if (code === 'done') lifetimes.set(step.id, { ttl: step.ttl, end: now + step.ttl })
        } else if (step.do === 'renew' || step.do === 'revoke') {
          const code = await codeOf(store.lifetimes[step.do](step.id))
          const lifetime = lifetimes.get(step.id)
          expect(code).toBe(lifetime === undefined ? 'LifetimeNotFound' : 'done')
          if (lifetime !== undefined && step.do === 'renew') lifetime.end = now + lifetime.ttl
          if (step.do === 'revoke') endLifetimes(id => id === step.id)
        } else if (step.do === 'delete') {
          await codeOf(store.delete(Widget, at(step.name)))
          kept.delete(step.name)
        } else {
          const { lifetime, ttlMs }: { lifetime?: string | null; ttlMs?: number } = step.lifetime
          const known = kept.get(step.name)
          const code = await codeOf(
            known === undefined
              ? store.create(Widget, widget(step.name), step.lifetime)
              : store.modify(Widget, at(step.name), () => {}, step.lifetime),
          )
          const missing = typeof lifetime === 'string' && !lifetimes.has(lifetime)
          expect(code).toBe(missing ? 'LifetimeNotFound' : 'done')
          if (missing) continue
          if (typeof lifetime === 'string') kept.set(step.name, { lifetime })
          else if (ttlMs !== undefined) kept.set(step.name, { end: now + ttlMs })
          else if (lifetime === null || known === undefined) kept.set(step.name, {})
        }
        expect(names(store)).toEqual([...kept.keys()].sort())
        for (const id of ['L', 'M']) expect(store.lifetimes.get(id) !== undefined).toBe(lifetimes.has(id))
      }
    }),
    { numRuns: 200 },
  )
})
