import { expect, test } from 'vitest'
import { connectStoreOn } from '../../../src/store/etcd/connect-store.js'
import type { EtcdStore } from '../../../src/store/etcd/index.js'
import type { Kind } from '../../../src/store/index.js'
import type { VirtualEnv } from '../../../src/testing/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'
import { kindOf, Part, ref, Widget, widget } from '../../fixtures/kinds.js'
import { FakeEtcd } from './fake-etcd.js'

// What a store asks of an etcd, and when: over an etcd in memory, in virtual time.

interface World {
  readonly env: VirtualEnv
  readonly etcd: FakeEtcd
  open(kinds: readonly Kind[], more?: object): Promise<EtcdStore>
}

function world(): World {
  const env = createVirtualEnv()
  const etcd = new FakeEtcd(env)
  return {
    env,
    etcd,
    open: (kinds, more = {}) =>
      env.run(() => connectStoreOn(etcd.connect(), { kinds, env, etcd: { endpoints: [] }, ...more })),
  }
}

test('a revision whose index function has thrown is told again, and so are those behind it', async () => {
  const { env, etcd, open } = world()
  let isBroken = true
  const fragile = kindOf('Widget', {
    indexes: {
      name: ({ metadata: { name } }) => {
        if (isBroken && name === 'b') throw new Error('it does not take b')
        return name
      },
    },
  })
  const [store, other] = [await open([fragile]), await open([Widget])]
  etcd.isSlow = true
  const writing = ['a', 'b', 'c'].map(name => other.create(Widget, widget(name)))
  await env.settle()
  etcd.isSlow = false
  etcd.pump()
  await env.run(() => Promise.all(writing))
  expect(store.list(fragile).items.map(({ metadata }) => metadata.name)).toEqual(['a'])
  expect(store.freshness).toMatchObject({ connected: false, error: { message: 'it does not take b' } })
  isBroken = false
  await env.advance(10_000)
  expect(store.list(fragile).items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c'])
  expect(store.freshness.connected).toBe(true)
})

test('objects of a kind that a store does not know end with their lifetime all the same', async () => {
  const { env, open } = world()
  const [doesNot, knows] = [await open([Part]), await open([Widget, Part])]
  for (const how of ['revoked', 'over']) {
    await env.run(() => knows.lifetimes.grant({ id: how, ttlMs: 60_000 }))
    await env.run(() => knows.create(Widget, widget(how), { lifetime: how }))
    if (how === 'revoked') await env.run(() => doesNot.lifetimes.revoke(how))
    else await env.advance(120_000)
    await env.settle()
    expect(knows.get(Widget, ref(how)), how).toBeUndefined()
  }
})

test('a lifetime ends that keeps more objects than a transaction takes', async () => {
  const { env, etcd, open } = world()
  const store = await open([Widget])
  for (const how of ['revoked', 'over']) {
    await env.run(() => store.lifetimes.grant({ id: how, ttlMs: 60_000 }))
    const names = Array.from({ length: 150 }, (_, index) => `${how}-${index}`)
    await env.run(() => Promise.all(names.map(name => store.create(Widget, widget(name), { lifetime: how }))))
    if (how === 'revoked') await env.run(() => store.lifetimes.revoke(how, { reason: 'it is over' }))
    else await env.advance(120_000)
    expect(store.count(Widget), how).toBe(0)
    expect([...etcd.keys.keys()].filter(key => key.includes('/kept/'))).toEqual([])
  }
})

test('what was read is compared as it was read, however long a transaction takes', async () => {
  const { env, open } = world()
  const store = await open([Widget], { logCapacity: 4 })
  await env.run(() => store.create(Widget, widget('a')))
  let runs = 0
  const moved = store.optimistic(async tx => {
    runs++
    const found = tx.get(Widget, ref('a'))
    tx.create(Widget, widget(found === undefined ? 'a-was-not-there' : 'a-was-there'))
    if (runs === 1) {
      await store.delete(Widget, ref('a'))
      for (let index = 0; index < 12; index++) await store.create(Widget, widget(`other-${index}`))
    }
  })
  await env.run(() => moved)
  expect([runs, store.get(Widget, ref('a-was-there'))]).toEqual([2, undefined])
  expect(store.get(Widget, ref('a-was-not-there'))).toBeDefined()
})

test('a value that another store takes, while a lease is granted, has one holder', async () => {
  const { env, etcd, open } = world()
  const Seat = kindOf<{ seat: string }>('Seat', {
    indexes: { seat: one => one.spec.seat },
    uniqueIndexes: ['seat'],
  })
  const [store, other] = [await open([Seat]), await open([Seat])]
  let isTaken = false
  etcd.before = async method => {
    if (method !== 'grantLease' || isTaken) return
    isTaken = true
    await other.create(Seat, { metadata: ref('theirs'), spec: { seat: '1a' } })
  }
  const spec = { seat: '1a' }
  const mine = env.run(() => store.create(Seat, { metadata: ref('mine'), spec }, { ttlMs: 60_000 }))
  await expect(mine).rejects.toMatchObject({ code: 'UniqueViolation' })
  expect(store.list(Seat).items.map(({ metadata }) => metadata.name)).toEqual(['theirs'])
  expect(etcd.leases).toBe(0)
})

test('a write that is there, and does not arrive here, is told in the end', async () => {
  const { env, etcd, open } = world()
  const store = await open([Widget], { contentionMs: 2_000 })
  etcd.isSlow = true
  const late = env.run(() => store.create(Widget, widget('a')))
  await expect(late).rejects.toMatchObject({ code: 'Unavailable', details: { sent: true } })
  etcd.isSlow = false
  etcd.pump()
  await env.settle()
  expect(store.get(Widget, ref('a'))).toBeDefined()
})

test('who is gone before its write was sent keeps nobody from writing to the same object', async () => {
  const { env, open } = world()
  const store = await open([Widget])
  const gone = env.fork('gone')
  void store.client(gone).create(Widget, widget('a'))
  const lives = store.client(env.fork('lives'))
  const written = [
    lives.create(Widget, widget('a')),
    lives.transact(tx => void tx.create(Widget, widget('b'))),
  ]
  gone.close()
  await env.run(() => Promise.all([...written, store.create(Widget, widget('c'))]))
  expect(store.list(Widget).items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c'])
})
