import { describe, expect, test } from 'vitest'
import type { Env } from '../../src/core/index.js'
import type { Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const ref = { namespace: 'default', name: 'a' }

/** A store whose revision `n` has size `n` in one object. */
async function grown(revisions: number, options: { logCapacity?: number } = {}): Promise<Store> {
  const store = createStore({ kinds: [Widget], ...options })
  await store.create(Widget, { metadata: ref, spec: { size: 1 } })
  for (let size = 2; size <= revisions; size++)
    await store.modify(Widget, ref, draft => void (draft.spec.size = size))
  return store
}

function code(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    const { code: name, details } = error as { code: string; details: Record<string, unknown> }
    return { code: name, oldestAvailable: details['oldestAvailable'] }
  }
  return 'fine'
}

describe('a read at a revision', () => {
  test('shows every kept one as it was', async () => {
    const store = await grown(5)
    for (let revision = 1; revision <= 5; revision++) {
      using snapshot = store.snapshot(String(revision))
      expect(snapshot.get(Widget, ref)?.spec.size).toBe(revision)
      const list = store.list(Widget, { resourceVersion: revision, resourceVersionMatch: 'Exact' })
      expect(list).toMatchObject({ revision, items: [{ spec: { size: revision } }] })
    }
    expect(store.snapshot(0).list(Widget).items).toEqual([])
  })

  test('that asks for at least a revision gets the newest', async () => {
    const store = await grown(5)
    for (const options of [{ resourceVersion: '2' }, { resourceVersion: 0 }, {}])
      expect(store.list(Widget, options).revision).toBe(5)
    expect(store.list(Widget, { resourceVersion: 5, resourceVersionMatch: 'NotOlderThan' }).revision).toBe(5)
  })

  test.each([
    ['the future', { resourceVersion: '6' }, 'FutureRevision'],
    ['the exact future', { resourceVersion: '6', resourceVersionMatch: 'Exact' }, 'FutureRevision'],
    ['the past', { resourceVersion: 1, resourceVersionMatch: 'Exact' }, 'Expired'],
    ['no number', { resourceVersion: '1x' }, 'BadRequest'],
    ['a leading zero', { resourceVersion: '01' }, 'BadRequest'],
    ['a match of nothing', { resourceVersionMatch: 'NotOlderThan' }, 'Invalid'],
    ['exactly any', { resourceVersion: '0', resourceVersionMatch: 'Exact' }, 'Invalid'],
    ['an unknown match', { resourceVersion: '5', resourceVersionMatch: 'Nearby' as 'Exact' }, 'Invalid'],
  ] as const)('refuses %s', async (_name, options, expected) => {
    const store = await grown(5, { logCapacity: 3 })
    expect(() => store.list(Widget, options)).toThrow(expect.objectContaining({ code: expected }))
  })
})

describe('compact', () => {
  test('refuses what was before, and says what is there', async () => {
    const store = await grown(10)
    const old = store.snapshot(3)
    await store.compact(6)
    const oldestAvailable = 6
    expect(code(() => store.snapshot(5))).toEqual({ code: 'Expired', oldestAvailable })
    expect(code(() => store.watch(Widget, { since: 5 }))).toEqual({ code: 'Expired', oldestAvailable })
    expect(code(() => store.snapshot(6))).toBe('fine')
    expect(code(() => store.watch(Widget, { since: 6 }))).toBe('fine')
    await expect(store.compact(6)).rejects.toMatchObject({ code: 'Expired', details: { oldestAvailable } })
    await expect(store.compact(11)).rejects.toMatchObject({ code: 'FutureRevision' })
    await expect(store.compact(-1)).rejects.toMatchObject({ code: 'BadRequest' })
    expect(old.get(Widget, ref)?.spec.size).toBe(3)
  })

  test('ends watchers that have not read what goes, and no others', async () => {
    const { env, store } = createWorld()
    const slow = store.watch(Widget)[Symbol.asyncIterator]()
    for (let index = 0; index < 4; index++)
      await store.create(Widget, { metadata: { ...ref, name: `n${index}` }, spec: {} })
    await store.compact(2)
    const fine = store.watch(Widget, { since: 2 })[Symbol.asyncIterator]()
    const next = fine.next()
    const refused = expect(slow.next()).rejects.toMatchObject({ code: 'SlowConsumer', oldestAvailable: 2 })
    await env.settle()
    await refused
    expect((await next).value).toMatchObject({ revision: 3 })
  })

  test('of the newest revision leaves only that', async () => {
    const store = await grown(100)
    await store.compact(100)
    expect(code(() => store.snapshot(99))).toEqual({ code: 'Expired', oldestAvailable: 100 })
    await store.modify(Widget, ref, draft => void (draft.spec.size = 7))
    expect(store.snapshot(100).get(Widget, ref)?.spec.size).toBe(100)
  })

  test('frees its memory in steps of a thousand changes, so that others get their turn', async () => {
    const world = createVirtualEnv()
    let steps = 0
    const after: Env['clock']['after'] = (ms, step) => {
      steps++
      return world.clock.after(ms, step)
    }
    const clock = Object.create(world.clock, { after: { value: after } }) as Env['clock']
    const env = Object.create(world, { clock: { value: clock } }) as Env
    const store = createStore({ kinds: [Widget], env })
    for (let index = 0; index < 5_000; index++)
      await store.create(Widget, { metadata: { ...ref, name: `n${index}` }, spec: {} })
    const compacted = store.compact(5_000)
    await world.advance(10)
    await compacted
    expect(steps).toBe(5)
  })
})
