import { describe, expect, test } from 'vitest'
import { InvalidError } from '../../src/core/index.js'
import { waitUntil } from '../../src/reconcile/index.js'
import type { Reader } from '../../src/store/index.js'
import { createStore, defineKind } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'

const Widget = defineKind<{ size: number }>({
  apiVersion: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
})
const Gadget = defineKind({ apiVersion: 'v1', kind: 'Gadget', plural: 'gadgets', namespaced: true })
const ref = { namespace: 'default', name: 'w' }

function world() {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget, Gadget], env })
  const isBig = (): boolean => (store.get(Widget, ref)?.spec.size ?? 0) > 1
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
    await store.create(Widget, { metadata: ref, spec: { size: 1 } })
    await env.settle()
    await store.modify(Widget, ref, draft => {
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
      asked.push(
        `${reader.revision}: ${reader.list(Widget).items.length} ${reader.list(Gadget).items.length}`,
      )
      return reader.list(Gadget).items.length > 1
    }
    const waiting = waitUntil(store, [Widget, Gadget], holds, { timeoutMs: 1_000 })
    for (const name of ['a', 'b']) {
      await store.transact(tx => {
        tx.create(Widget, { metadata: { namespace: 'default', name }, spec: { size: 1 } })
        tx.create(Gadget, { metadata: { namespace: 'default', name }, spec: {} })
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
    await store.create(Widget, { metadata: ref, spec: { size: 1 } })
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
