import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { AgentSpec } from '../../src/offers/index.js'
import { createPool, resources } from '../../src/offers/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { heard, PoolWorld } from './pool-world.js'

const NOBODY = { launch: async () => {}, kill: async () => {} }

describe('an agent that is changed', () => {
  test('is offered by itself when it grew, without anybody asking for a pass', async () => {
    const env = createVirtualEnv()
    const pool = createPool({ env, driver: NOBODY })
    const handle = pool.agent({ id: 'a1', resources: resources('cpus:1;mem:64') })
    const session = pool.subscribe({ name: 'f', roles: ['r'] })
    session.claim([{ agent: 'a1', tasks: [{ id: 't1', need: { cpus: 1, mem: 64 } }] }])
    await env.settle()
    expect(heard(session).offers).toEqual([])
    handle.update({ resources: resources('cpus:2;mem:128') })
    await env.settle()
    expect(heard(session).offers.map(offer => offer.resources.toString())).toEqual(['cpus:1;mem:64'])
    pool.close()
  })

  test('to what is invalid stays as it was, and so do its offers', () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const held = heard(session).offers
    expect(() => handle.update({ resources: 'cpus:8' as unknown as AgentSpec['resources'] })).toThrow(
      'agent.resources: must be a ResourceSet',
    )
    expect(heard(session).rescinds).toEqual([])
    expect(held).toHaveLength(1)
  })
})

describe('an agent that was deactivated', () => {
  test('is still so when it comes back after it was out of reach', () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    handle.deactivate()
    handle.unreachable()
    handle.reachable([])
    world.pool.step()
    expect(heard(session).offers).toEqual([])
    handle.reactivate()
    world.pool.step()
    expect(heard(session).offers).toHaveLength(1)
  })

  test('and reactivated while it was out of reach is active when it comes back', () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    handle.deactivate()
    handle.unreachable()
    handle.reactivate()
    handle.reachable([])
    expect(world.pool.allocator.agent('a1')?.active).toBe(true)
  })
})

describe('a drain', () => {
  async function drained(world: PoolWorld): Promise<{ session: ReturnType<typeof world.pool.subscribe> }> {
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    session.claim([{ agent: 'a1', tasks: [{ id: 't1', need: { cpus: 1 }, kill: { graceMs: 9_000 } }] }])
    await world.env.settle()
    return { session }
  }

  test('of an agent that is out of reach stops its tasks when it comes back, with the grace of the drain', async () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const { session } = await drained(world)
    handle.unreachable()
    const done = handle.drain({ graceMs: 1_000 })
    handle.reachable([{ framework: session.id, task: 't1' }])
    await world.env.settle()
    expect(world.calls.at(-1)).toMatchObject({ call: 'kill', task: 't1', graceMs: 1_000 })
    expect(world.pool.allocator.agent('a1')?.active).toBe(false)
    handle.report(session.id, { task: 't1', state: 'killed' })
    for (let round = 0; round < 5; round++) for (const { ack } of heard(session).updates) ack()
    await done
  })

  test('ends with an error when the pool is closed', async () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    await drained(world)
    const ended = handle.drain().catch((error: unknown) => error)
    world.pool.close()
    expect(isKeelsonError(await ended, 'Closed')).toBe(true)
  })

  test('is called off by reactivating the agent', async () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    await drained(world)
    const ended = handle.drain().catch((error: unknown) => error)
    handle.reactivate()
    expect(isKeelsonError(await ended, 'Closed')).toBe(true)
  })
})

describe('a maintenance plan', () => {
  const window = { startMs: 1_000, durationMs: 500 }

  test('counts for an agent that is registered after it was made', () => {
    const world = new PoolWorld()
    world.pool.maintenance([{ agents: ['a1'], ...window }])
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    expect(heard(session).offers.map(({ agent }) => agent.unavailability)).toEqual([window])
  })

  test('that was made while an agent was out of reach counts when it comes back', () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    handle.unreachable()
    world.pool.maintenance([{ agents: ['a1'], ...window }])
    handle.reachable([])
    world.pool.step()
    expect(heard(session).offers.map(({ agent }) => agent.unavailability)).toEqual([window])
  })

  test.each([
    ['startMs', { startMs: Number.NaN }],
    ['durationMs', { startMs: 0, durationMs: -1 }],
  ])('whose %s is invalid is refused, and the plan before stays', (field, bad) => {
    const world = new PoolWorld()
    world.agent('a1')
    world.pool.maintenance([{ agents: ['a1'], ...window }])
    expect(() => world.pool.maintenance([{ agents: ['a1'], ...bad }])).toThrow(field)
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    expect(heard(session).offers.map(({ agent }) => agent.unavailability)).toEqual([window])
  })
})

describe('an agent that is pinged', () => {
  function pinged(options: { removalSpacingMs?: number } = {}): { world: PoolWorld; answers: Set<string> } {
    const answers = new Set<string>()
    const world = new PoolWorld({
      ...options,
      pingIntervalMs: 1_000,
      pingsMax: 2,
      driver: {
        ...NOBODY,
        ping: async agent => {
          if (!answers.has(agent)) throw new Error('no route')
          return [{ framework: 'f', task: 't1' }]
        },
      },
    })
    return { world, answers }
  }

  const there = (world: PoolWorld): readonly string[] =>
    [...world.pool.allocator.agents()].map(({ id }) => id)

  test('is out of reach after so many pings, and back with the tasks that it names', async () => {
    const { world, answers } = pinged()
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', id: 'f', roles: [{ role: 'r', suppressed: true }] })
    session.claim([{ agent: 'a1', tasks: ['t1', 't2'].map(id => ({ id, need: { cpus: 1 } })) }])
    for (const second of [1, 2]) await world.stepAt(second * 1_000)
    expect(session.reconcile().map(({ state }) => state)).toEqual(['unreachable', 'unreachable'])
    answers.add('a1')
    await world.stepAt(3_000)
    await world.env.settle()
    expect(session.reconcile().map(({ task, state }) => [task, state])).toEqual([
      ['t1', 'running'],
      ['t2', 'gone'],
    ])
  })

  test('is given up in its turn, and not at all when it answers before that', async () => {
    const { world, answers } = pinged({ removalSpacingMs: 10_000 })
    for (const id of ['a1', 'a2', 'a3']) world.agent(id)
    const seen: string[] = []
    for (let second = 1; second <= 23; second++) {
      if (second === 8) answers.add('a2')
      await world.stepAt(second * 1_000)
      await world.env.settle()
      seen.push(there(world).join(' '))
    }
    expect([seen[0], seen[1], seen[20], seen[21]]).toEqual(['a1 a2 a3', 'a2 a3', 'a2 a3', 'a2'])
  })
})
