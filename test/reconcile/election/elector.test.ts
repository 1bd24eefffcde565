import { describe, expect, test } from 'vitest'
import { Lease } from '../../../src/api/index.js'
import { createElector } from '../../../src/reconcile/index.js'
import { Entry, openElection } from './candidates.js'

const boss = { namespace: 'default', name: 'boss' }
const fence = { namespace: 'default', name: 'boss-term' }

function entry(name: string, term: number, by: string) {
  return { metadata: { name }, spec: { term, by } }
}

describe('taking over', () => {
  test('the first candidate leads at once, in term 1, and says so in the lease', async () => {
    const { env, store, join, leaders } = openElection()
    const a = join('a')
    await env.settle()
    expect(leaders()).toEqual(['a'])
    expect(a.events).toEqual(['leads 1'])
    expect(store.get(Lease, boss)?.spec).toMatchObject({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
    })
    expect(a.elector.status()).toMatchObject({ leading: true, term: 1, holder: 'a', sinceRenewalMs: 0 })
  })

  test('a second one waits while the first renews', async () => {
    const { env, join, leaders } = openElection()
    join('a')
    await env.settle()
    const b = join('b')
    await env.advance(600_000)
    expect(leaders()).toEqual(['a'])
    expect(b.elector.status()).toMatchObject({ leading: false, holder: 'a' })
    expect(b.elector.status().sinceRenewalMs).toBeLessThanOrEqual(2_000)
  })

  test('a dead leader is succeeded when its lease was silent for its duration, not before', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a')
    await env.settle()
    join('b')
    await env.advance(10_000)
    a.env.close()
    await env.advance(14_999)
    expect(leaders()).toEqual([])
    await env.advance(2)
    expect(leaders()).toEqual(['b'])
  })

  test('a released lease changes hands without waiting', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a')
    await env.settle()
    const b = join('b')
    await env.advance(5_000)
    await env.run(() => a.elector.stop())
    await env.settle()
    expect(leaders()).toEqual(['b'])
    expect(a.events).toEqual(['leads 1', 'drain', 'stopped: it resigned'])
    expect(b.events).toEqual(['leads 2'])
  })

  test('nobody is told of a reign that is won while stopping; the lease is released', async () => {
    const { env, store, join } = openElection()
    const a = join('a')
    await env.run(() => a.elector.stop())
    expect(a.events).toEqual([])
    expect(store.get(Lease, boss)?.spec.holderIdentity).toBe('')
  })
})

describe('losing', () => {
  test('a leader that cannot renew stops after one round of renewing, before the lease lapses', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a')
    await env.settle()
    join('b')
    a.isPartitioned = true
    await env.advance(11_999)
    expect(leaders()).toEqual(['a'])
    await env.advance(1)
    expect(leaders()).toEqual([])
    expect(a.events).toEqual(['leads 1', 'stopped: the lease could not be renewed in time'])
    await env.advance(3_000)
    expect(leaders()).toEqual(['b'])
  })

  test('it campaigns again when the store answers again', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a')
    await env.settle()
    a.isPartitioned = true
    await env.advance(20_000)
    a.isPartitioned = false
    await env.advance(20_000)
    expect(leaders()).toEqual(['a'])
    expect(a.events.at(-1)).toBe('leads 2')
  })

  test('the next reign waits until the owner has stopped what belonged to the last', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a', {}, { stopped: () => env.clock.sleep(60_000) })
    await env.settle()
    a.isPartitioned = true
    await env.advance(13_000)
    a.isPartitioned = false
    await env.advance(50_000)
    expect(leaders()).toEqual([])
    await env.advance(30_000)
    expect(leaders()).toEqual(['a'])
  })

  test('a fence that somebody changed ends the reign', async () => {
    const { env, store, join } = openElection()
    const a = join('a')
    await env.settle()
    await store.delete(Lease, fence)
    await env.advance(2_000)
    expect(a.events[1]).toMatch(/boss-term .* was changed or removed/)
    await env.advance(60_000)
    expect(a.events.at(-1)).toMatch(/^leads/)
  })

  test('a lease that somebody edits stays with its holder; one given to another by hand is let go', async () => {
    const { env, store, join, leaders } = openElection()
    const a = join('a')
    await env.settle()
    await store.modify(Lease, boss, draft => {
      draft.metadata.annotations = { note: 'x' }
    })
    await env.advance(10_000)
    expect(a.events).toEqual(['leads 1'])
    await store.modify(Lease, boss, draft => {
      draft.spec = { ...draft.spec, holderIdentity: 'intruder' }
    })
    await env.settle()
    await env.advance(0)
    expect(leaders()).toEqual([])
    expect(a.events[1]).toBe('stopped: intruder took the lease')
  })

  test('a deleted lease is put back by its leader', async () => {
    const { env, store, join } = openElection()
    const a = join('a')
    await env.settle()
    await store.delete(Lease, boss)
    await env.advance(20_000)
    expect(store.get(Lease, boss)?.spec.holderIdentity).toBe('a')
    expect(a.events).toEqual(['leads 1'])
  })
})

describe('writes of a leader', () => {
  test('go through its client, and no longer when its reign is over', async () => {
    const { env, store, join } = openElection()
    const a = join('a')
    await env.settle()
    await env.run(async () => a.leadership?.client.create(Entry, entry('x', 1, 'a')))
    await env.run(() => a.elector.stop())
    await expect(a.leadership?.client.create(Entry, entry('y', 1, 'a'))).rejects.toMatchObject({
      code: 'Fenced',
    })
    expect(a.leadership?.signal.aborted).toBe(true)
    expect(store.list(Entry).items.map(item => item.metadata.name)).toEqual(['x'])
  })

  test('are refused by the store when a later term has begun, whatever the leader believes', async () => {
    const { env, store, join } = openElection()
    const a = join('a')
    await env.settle()
    await store.modify(Lease, fence, draft => {
      draft.spec = { ...draft.spec, leaseTransitions: 2 }
    })
    const late = a.leadership?.client.create(Entry, entry('x', 1, 'a')).catch((error: unknown) => error)
    await env.settle()
    expect(await late).toMatchObject({ code: 'Fenced', message: expect.stringContaining('boss-term') })
  })

  test('are refused when the lease has lapsed by the clock, even before a timer could fire', async () => {
    const { env, join } = openElection()
    const a = join('a')
    await env.settle()
    let outcome: Promise<unknown> | undefined
    a.isPartitioned = true
    env.clock.after(12_000, () => {
      outcome = a.leadership?.client.create(Entry, entry('x', 1, 'a')).catch((error: unknown) => error)
    })
    await env.advance(12_000)
    expect(await outcome).toMatchObject({ code: 'Fenced' })
  })
})

describe('preference', () => {
  test('a leader makes room for a candidate of higher priority, after it has drained', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a', {}, { drain: () => env.clock.sleep(30_000) })
    await env.settle()
    const b = join('b', { priority: 1 })
    const c = join('c', { priority: 1 })
    await env.advance(29_000)
    expect(leaders()).toEqual(['a'])
    await env.advance(10_000)
    expect(leaders()).toHaveLength(1)
    expect(leaders()).not.toContain('a')
    await env.advance(120_000)
    expect(a.events).toEqual(['leads 1', 'drain', 'stopped: it resigned'])
    expect([...b.events, ...c.events]).toEqual(['leads 2'])
  })

  test('hand-over names the heir, for whom the others wait', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a')
    await env.settle()
    join('b')
    join('c')
    await env.advance(5_000)
    await env.run(() => a.elector.handOver('c'))
    await env.settle()
    expect(leaders()).toEqual(['c'])
    await env.advance(60_000)
    expect(leaders()).toEqual(['c'])
  })

  test('an heir that does not come is not waited for longer than a lease', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a')
    await env.settle()
    join('b')
    await env.run(() => a.elector.handOver('nobody'))
    await env.advance(14_000)
    expect(leaders()).toEqual([])
    await env.advance(2_000)
    expect(leaders()).toHaveLength(1)
  })
})

describe('misuse', () => {
  const { store } = openElection()
  test.each([
    [{ leaseDurationMs: 10_000 }, 'renewDeadlineMs'],
    [{ renewDeadlineMs: 2_400 }, 'renewDeadlineMs'],
    [{ retryPeriodMs: Number.NaN }, 'retryPeriodMs'],
    [{ identity: '' }, 'identity'],
    [{ priority: 0.5 }, 'priority'],
  ])('%o is refused', (options, field) => {
    const open = () =>
      createElector(store, { kind: Lease, lease: 'x', identity: 'a', ...options }, { leads: () => {} })
    expect(open).toThrow(expect.objectContaining({ code: 'Invalid' }))
    expect(open).toThrow(new RegExp(field))
  })

  test('start twice', async () => {
    const { join } = openElection()
    expect(() => join('a').elector.start()).toThrow(/called before/)
  })
})
