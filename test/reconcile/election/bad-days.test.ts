import { describe, expect, test } from 'vitest'
import { Lease } from '../../../src/api/index.js'
import { createElector } from '../../../src/reconcile/index.js'

import { createWorld } from '../../fixtures/world.js'
import { openElection } from './candidates.js'

const boss = { namespace: 'default', name: 'boss' }
const fence = { namespace: 'default', name: 'boss-term' }

describe('a listener that throws', () => {
  test('once in `stopped`: the candidate leads again', async () => {
    const { env, store, join } = openElection()
    const errors = ['cleanup failed']
    const a = join('a', {}, { stopped: () => fail(errors) })
    await env.settle()
    await env.run(() => store.delete(Lease, fence))
    await env.advance(60_000)
    expect(a.events).toEqual(['leads 1', expect.stringContaining('stopped'), 'leads 2'])
    expect(env.logs.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'the listener of an election threw',
    ])
  })

  test('in `drain`: the stop resolves, and another leads', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a', {}, { drain: () => Promise.reject(new Error('drain failed')) })
    await env.settle()
    join('b')
    await env.run(() => a.elector.stop())
    await env.settle()
    expect(leaders()).toEqual(['b'])
  })

  test('in `leads`: the candidate makes room for one that can', async () => {
    const { env, join, leaders } = openElection()
    const a = join('a', {}, { leads: () => fail(Array(100).fill('cannot lead')) })
    await env.settle()
    join('b')
    await env.advance(60_000)
    expect(leaders()).toEqual(['b'])
    expect(a.events.slice(0, 3)).toEqual(['leads 1', 'drain', 'stopped: it resigned'])
  })
})

test('a drain that does not end holds up a stop for the grace period only', async () => {
  const { env, join, leaders } = openElection()
  const a = join('a', {}, { drain: () => new Promise(() => {}) })
  await env.settle()
  join('b')
  const stop = a.elector.stop({ gracePeriodMs: 3_000 })
  await env.advance(2_999)
  expect(leaders()).toEqual(['a'])
  await env.advance(1)
  await env.run(() => stop)
  expect(leaders()).toEqual(['b'])
})

test.each([Number.NaN, -1])('a grace period of %s is refused', gracePeriodMs => {
  const { join } = openElection()
  expect(() => join('a').elector.stop({ gracePeriodMs })).toThrow(/gracePeriodMs/)
})

test('a kind that the store does not know fails the start, and names itself', async () => {
  const { env, store } = createWorld()
  const elector = createElector(store, { kind: Lease, lease: 'x', identity: 'a' }, { leads: () => {} })
  await expect(env.run(() => elector.start())).rejects.toMatchObject({
    code: 'Usage',
    message: expect.stringContaining('Lease'),
  })
})

test.each([
  ['fence', [fence]],
  ['lease', [boss]],
])('terms grow although somebody deletes the %s', async (_, refs) => {
  const { env, store, join } = openElection()
  const a = join('a')
  await env.settle()
  for (let round = 0; round < 4; round++) {
    await env.run(() => a.elector.handOver())
    for (const ref of refs) await env.run(() => store.delete(Lease, ref))
    await env.advance(60_000)
  }
  const terms = a.events.filter(event => event.startsWith('leads')).map(event => Number(event.slice(6)))
  expect(terms).toEqual(terms.toSorted((x, y) => x - y))
  expect(new Set(terms).size).toBe(terms.length)
  expect(terms.length).toBeGreaterThan(4)
})

test('a leader whose wall clock stands still gives signs of life all the same', async () => {
  const { env, store, join, leaders } = openElection()
  const { now } = env.clock
  Object.defineProperty(env.clock, 'now', { value: () => 0 })
  join('a')
  await env.settle()
  join('b')
  const seen = new Set<string | undefined>()
  store.watch(Lease).on(({ events }) => {
    for (const { object } of events) seen.add(object.spec.renewTime)
  })
  await env.advance(60_000)
  Object.defineProperty(env.clock, 'now', { value: now })
  expect(leaders()).toEqual(['a'])
  expect(seen.size).toBeGreaterThan(25)
})

function fail(errors: string[]): void {
  const message = errors.shift()
  if (message !== undefined) throw new Error(message)
}
