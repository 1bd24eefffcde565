import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { Client } from '../../src/store/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { resize, startWorld } from './widget-world.js'

const setStatus = (client: Client, size: number): Promise<unknown> =>
  client.modifyStatus(Widget, ref('a'), draft => {
    draft.status = { size }
  })

describe('an attempt that takes too long', () => {
  test('is aborted, can no longer write, and its key backs off', async () => {
    const told: unknown[] = []
    let runs = 0
    const { env, store, controller } = await startWorld({
      timeoutMs: 100,
      reconcile: async (_key, _object, { client, signal }) => {
        if (++runs > 1) return
        await new Promise(resolve => signal.addEventListener('abort', resolve))
        told.push(signal.reason)
        await setStatus(client, 99).catch(error => told.push(error))
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(99)
    expect(controller.status().inFlight).toBe(1)
    await env.advance(1)
    expect(told.map(error => isKeelsonError(error) && error.code)).toEqual(['Timeout', 'Fenced'])
    expect(controller.inspect(ref('a'))).toMatchObject({ state: 'delayed', failures: 1, dueInMs: 5 })
    await env.advance(5)
    expect(runs).toBe(2)
    expect(store.get(Widget, ref('a'))?.status).toBeUndefined()
    expect(env.metrics.value('controller_runtime_reconcile_timeouts_total', { controller: 'widgets' })).toBe(
      1,
    )
  })

  test('does not write from a listener of its signal either', async () => {
    let refused: unknown
    const { env, store } = await startWorld({
      timeoutMs: 100,
      reconcile: (_key, _object, { client, signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => void setStatus(client, 99).catch(error => (refused = error)))
        }),
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(100)
    expect(isKeelsonError(refused, 'Fenced')).toBe(true)
  })

  test('a key whose attempt never ends is released by the time-out, and its late result is ignored', async () => {
    let finish = (): void => {}
    let runs = 0
    const { env, store, controller } = await startWorld({
      timeoutMs: 100,
      reconcile: async () => {
        if (++runs === 1) await new Promise<void>(resolve => (finish = resolve))
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(105)
    expect(runs).toBe(2)
    finish()
    await env.advance(10_000)
    expect(runs).toBe(2)
    expect(controller.status()).toMatchObject({ queued: 0, inFlight: 0, delayed: 0, failures: 0 })
  })
})

describe('the client of an attempt', () => {
  test('rejects a write that is under way when the attempt ends, and does not commit it', async () => {
    const ends: unknown[] = []
    const { env, store } = await startWorld({
      reconcile: (_key, object, { client }) => {
        if (object?.status === undefined)
          void setStatus(client, 7).then(
            () => ends.push('written'),
            error => ends.push(error),
          )
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(1_000)
    expect(ends.map(end => isKeelsonError(end, 'Fenced'))).toEqual([true])
    expect(store.get(Widget, ref('a'))?.status).toBeUndefined()
    expect(env.logs.filter(line => line.level === 'warn').length).toBe(1)
  })

  test('refuses every kind of write after the attempt, and goes on reading', async () => {
    let kept: Client | undefined
    const { env, store } = await startWorld({
      reconcile: (_key, _object, { client }) => {
        kept = client
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    if (kept === undefined) throw new Error('the reconciler did not run')
    const client = kept
    const object = client.get(Widget, ref('a'))
    if (object === undefined) throw new Error('reads must go on')
    const writes: readonly (() => Promise<unknown>)[] = [
      () => client.create(Widget, widget('b')),
      () => client.update(Widget, { ...object, spec: { size: 5 } }),
      () => client.updateStatus(Widget, { ...object, status: { size: 5 } }),
      () => client.modify(Widget, ref('a'), draft => void (draft.spec.size = 5)),
      () => setStatus(client, 5),
      () => client.delete(Widget, ref('a')),
      () => client.transact(tx => tx.delete(Widget, ref('a'))),
      () => client.client(env).delete(Widget, ref('a')),
    ]
    const before = store.revision
    for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'Fenced' })
    await env.settle()
    expect(store.revision).toBe(before)
    expect(client.list(Widget).items.length).toBe(1)
  })

  test('closes the watches that the attempt opened', async () => {
    let heard = 0
    const world = await startWorld({
      reconcile: (_key, _object, { client }) => {
        client.watch(Widget).on(() => heard++)
      },
    })
    await world.env.run(() => world.store.create(Widget, widget('a')))
    await world.env.settle()
    await resize(world, 'a', 2)
    await resize(world, 'a', 3)
    expect(heard).toBe(0)
  })

  test('shows the attempt its own writes at once', async () => {
    const seen: unknown[] = []
    const { env, store } = await startWorld({
      reconcile: async (key, object, { client }) => {
        if (object?.status !== undefined) return
        await setStatus(client, 3)
        seen.push(client.get(Widget, key)?.status)
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    expect(seen).toEqual([{ size: 3 }])
  })
})

test('timers of an attempt die with it', async () => {
  let fired = 0
  const { env, store } = await startWorld({
    reconcile: (_key, _object, ctx) => {
      ctx.env.clock.after(10, () => fired++)
    },
  })
  await env.run(() => store.create(Widget, widget('a')))
  await env.advance(100)
  expect(fired).toBe(0)
})

test.each([false, 0, ''])('%j is no result, and does not look like success', async wrong => {
  const { env, store } = await startWorld({ reconcile: () => wrong as never })
  await env.run(() => store.create(Widget, widget('a')))
  await env.settle()
  const terminal = 'controller_runtime_terminal_reconcile_errors_total'
  expect(env.metrics.value(terminal, { controller: 'widgets' })).toBe(1)
})
