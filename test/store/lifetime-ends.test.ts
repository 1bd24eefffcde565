import { describe, expect, test } from 'vitest'
import type { Env } from '../../src/core/index.js'
import type { Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { Gadget, kindOf } from '../fixtures/kinds.js'

const gadget = (name: string, finalizers: readonly string[] = []) => ({
  metadata: { name, finalizers },
  spec: {},
})
const names = (store: Store): string[] => store.list(Gadget).items.map(({ metadata }) => metadata.name)

/** A world in which synchronous work takes time. */
function busyWorld(): {
  readonly env: VirtualEnv
  readonly store: Store
  readonly work: (ms: number) => void
} {
  const env = createVirtualEnv()
  let spent = 0
  const clock = { ...env.clock, monotonic: () => env.clock.monotonic() + spent }
  const busy = Object.create(env, { clock: { value: clock } }) as Env
  return {
    env,
    store: createStore({ kinds: [Gadget], env: busy }),
    work: ms => {
      spent += ms
    },
  }
}

describe('a lifetime whose time is over while the write goes on', () => {
  test.each<[string, (store: Store, lifetime: string, work: () => void) => Promise<unknown>]>([
    [
      'a transaction',
      (store, lifetime, work) =>
        store.transact(tx => {
          tx.create(Gadget, gadget('b'), { lifetime })
          work()
        }),
    ],
    [
      'a recipe',
      (store, lifetime, work) =>
        store.modify(
          Gadget,
          { name: 'a' },
          draft => {
            draft.spec.size = 2
            work()
          },
          { lifetime },
        ),
    ],
    [
      'a recipe that changes nothing',
      (store, lifetime, work) => store.modify(Gadget, { name: 'a' }, () => work(), { lifetime }),
    ],
  ])('of %s is kept by it, and ends with it', async (_what, write) => {
    const { env, store, work } = busyWorld()
    const { id } = await store.lifetimes.grant({ ttlMs: 20 })
    await store.create(Gadget, gadget('a'))
    await write(store, id, () => work(40))
    const before = names(store)
    await env.advance(20)
    expect(before.length - names(store).length).toBe(1)
  })
})

describe('the end of a time to live', () => {
  test('marks what is as large as can be, and so does a delete', async () => {
    const env = createVirtualEnv()
    const probe = createStore({ kinds: [Gadget], env })
    const object = gadget('a', ['example.com/x'])
    const objectBytesMax = JSON.stringify(await probe.create(Gadget, object)).length + 4
    const store = createStore({ kinds: [Gadget], env, objectBytesMax })
    await store.create(Gadget, object, { ttlMs: 20 })
    await store.create(Gadget, gadget('b'), { ttlMs: 25 })
    await env.advance(30)
    expect(names(store)).toEqual(['a'])
    expect(store.get(Gadget, { name: 'a' })?.metadata.deletionTimestamp).toBeDefined()
    await store.create(Gadget, gadget('c', ['example.com/x']))
    expect((await store.delete(Gadget, { name: 'c' })).metadata.deletionTimestamp).toBeDefined()
  })

  test('of one that cannot be deleted holds up no other; it is logged and tried again', async () => {
    let isBroken = true
    const Odd = kindOf<object>('Odd', {
      namespaced: false,
      indexes: {
        deleted: ({ metadata: { name, deletionTimestamp } }) => {
          if (isBroken && name === 'bad' && deletionTimestamp !== undefined) throw new Error('no index')
          return undefined
        },
      },
    })
    const logged: unknown[] = []
    const base = createVirtualEnv()
    const logger = { ...base.logger, error: (...parts: unknown[]) => void logged.push(parts.at(-1)) }
    const env = Object.create(base, { logger: { value: logger } }) as Env
    const store = createStore({ kinds: [Odd], env })
    const { id } = await store.lifetimes.grant({ ttlMs: 20 })
    for (const name of ['bad', 'good'])
      await store.create(
        Odd,
        { metadata: { name, finalizers: ['example.com/x'] }, spec: {} },
        { lifetime: id },
      )
    await store.create(Odd, { metadata: { name: 'later' }, spec: {} }, { ttlMs: 25 })
    const marked = (): readonly string[] =>
      store
        .list(Odd)
        .items.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
        .map(({ metadata }) => metadata.name)

    await expect(store.lifetimes.revoke(id)).rejects.toThrow('no index')
    expect([marked(), store.lifetimes.get(id)?.objects]).toEqual([[], 2])
    await base.advance(30)
    expect([marked(), store.list(Odd).items.length]).toEqual([['good'], 2])
    expect(logged).toEqual([expect.stringMatching(/^Odd bad cannot be deleted .* tried again$/)])
    await base.advance(60_000)
    expect(logged).toHaveLength(2)
    isBroken = false
    await base.advance(60_000)
    expect([marked(), logged.length]).toEqual([['bad', 'good'], 2])
  })
})
