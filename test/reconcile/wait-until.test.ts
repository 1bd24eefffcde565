import { describe, expect, test } from 'vitest'
import { InvalidError } from '../../src/core/index.js'
import { waitUntil } from '../../src/reconcile/index.js'
import type { Reader } from '../../src/store/index.js'
import { Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const at = ref('w')

function world() {
  const { env, store } = createWorld()
  const isBig = (): boolean => (store.get(Widget, at)?.spec.size ?? 0) > 1
  return { env, store, isBig }
}

describe('waitUntil', () => {
  test('resolves at once when the condition holds already', async () => {
    const { store, env } = world()
    await waitUntil(store, [Widget], () => true, { timeoutMs: 0 })
    expect(env.pending()).toEqual([])
  })

  test('asks again after each change, and leaves no timer behind', async () => {
    const { store, env, isBig } = world()
    let asked = 0
    const waiting = waitUntil(store, [Widget], () => ++asked > 0 && isBig(), { timeoutMs: 1_000 })
    await store.create(Widget, widget('w'))
    await env.settle()
    await store.modify(Widget, at, draft => {
      draft.spec.size = 2
    })
    await env.run(() => waiting)
    expect(asked).toBe(3)
    expect(env.pending()).toEqual([])
  })

  test('asks once about a revision that changes several kinds, and sees all of it', async () => {
    const { store, env } = world()
    const asked: string[] = []
    const holds = (reader: Reader): boolean => {
      asked.push(`${reader.revision}: ${reader.list(Widget).items.length} ${reader.list(Part).items.length}`)
      return reader.list(Part).items.length > 1
    }
    const waiting = waitUntil(store, [Widget, Part], holds, { timeoutMs: 1_000 })
    for (const name of ['a', 'b']) {
      await store.transact(tx => {
        tx.create(Widget, widget(name))
        tx.create(Part, { metadata: ref(name), spec: {} })
      })
      await env.settle()
    }
    await waiting
    expect(asked).toEqual(['0: 0 0', '1: 1 1', '2: 2 2'])
    expect(env.pending()).toEqual([])
  })

  test('rejects when the store closes', async () => {
    const { store, isBig } = world()
    const waiting = waitUntil(store, [Widget], isBig, { timeoutMs: 1_000 })
    await store.close()
    await expect(waiting).rejects.toMatchObject({ code: 'Closed' })
  })

  test('rejects after the timeout, with the kinds it watched', async () => {
    const { store, env, isBig } = world()
    const waiting = waitUntil(store, [Widget], isBig, { timeoutMs: 1_000 })
    const outcome = expect(waiting).rejects.toMatchObject({
      code: 'Timeout',
      details: { kinds: ['Widget'], timeoutMs: 1_000 },
    })
    await env.advance(1_000)
    await outcome
  })

  test('rejects with the reason of the signal, and with what the condition throws', async () => {
    const { store, env } = world()
    const abort = new AbortController()
    const aborted = waitUntil(store, [Widget], () => false, { timeoutMs: 1_000, signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    const broken = waitUntil(store, [Widget], reader => reader.revision > 0 && fail(), { timeoutMs: 1_000 })
    const outcome = expect(broken).rejects.toThrow('cannot say')
    await store.create(Widget, widget('w'))
    await env.settle()
    await outcome
    expect(env.pending()).toEqual([])
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a timeout of %d', async timeoutMs => {
    await expect(waitUntil(world().store, [Widget], () => true, { timeoutMs })).rejects.toThrow(InvalidError)
  })
})

function fail(): never {
  throw new Error('cannot say')
}
