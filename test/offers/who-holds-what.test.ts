import { describe, expect, test } from 'vitest'
import { createAllocator, resources } from '../../src/offers/index.js'
import { heard, PoolWorld } from './pool-world.js'

const TASK = { id: 't1', need: { cpus: 1 } }

/** A task that runs on an agent of four cpus, and whose framework is called f, of role r. */
function running(): {
  world: PoolWorld
  agent: ReturnType<PoolWorld['agent']>
  session: ReturnType<PoolWorld['pool']['subscribe']>
} {
  const world = new PoolWorld()
  const agent = world.agent('a1')
  const session = world.pool.subscribe({ name: 'f', id: 'f', roles: ['r'] })
  world.pool.step()
  void session.accept(heard(session).offers, [{ op: 'launch', tasks: [TASK] }], { refuseMs: 0 })
  agent.report('f', { task: 't1', state: 'running', uuid: 'u1' })
  return { world, agent, session }
}

describe('a report that comes again', () => {
  test.each(['killing', 'unreachable', 'starting'] as const)('after one of %s changes nothing', state => {
    const { world, agent, session } = running()
    agent.report('f', { task: 't1', state, uuid: 'u2' })
    const before = world.pool.allocator.snapshot()
    agent.report('f', { task: 't1', state: 'running', uuid: 'u1' })
    expect(session.reconcile().map(each => each.state)).toEqual([state])
    expect(world.pool.allocator.snapshot()).toEqual(before)
  })
})

describe('a framework that leaves for good', () => {
  test.each([
    ['has ended, which it did not acknowledge', 'finished', 0],
    ['still runs', 'running', 1],
  ] as const)('while a task of it %s, leaves no more than what runs', (_what, state, cpus) => {
    const { world, agent, session } = running()
    agent.report('f', { task: 't1', state, uuid: 'u2' })
    session.disconnect()
    expect(world.pool.allocator.held('f', 'r', 'a1').quantities()['cpus'] ?? 0).toBe(cpus)
    agent.report('f', { task: 't1', state: 'killed' })
    expect(world.pool.allocator.agent('a1')?.free.toString()).toBe('cpus:4;mem:4096')
    expect(world.pool.audit().filter(({ kind }) => kind === 'framework')).toEqual([])
  })
})

describe('what open offers hold of a demand', () => {
  test('they still hold when a task on their agent ends', () => {
    const { world, agent, session } = running()
    session.request([{ shape: { cpus: 1 }, count: 1 }])
    world.pool.step()
    expect(heard(session).offers).toHaveLength(1)
    world.agent('a2')
    agent.report('f', { task: 't1', state: 'finished' })
    world.pool.step()
    expect(heard(session).offers).toEqual([])
  })
})

describe('of two open offers on one agent, the one that is still open holds its part of the demand', () => {
  test.each(['decline', 'accept'] as const)('after a %s of the other', async how => {
    const { world, agent, session } = running()
    session.request([{ shape: { cpus: 1 }, count: 4 }])
    world.pool.step()
    agent.report('f', { task: 't1', state: 'finished' })
    world.pool.step()
    const offers = heard(session).offers
    expect(offers).toHaveLength(2)
    const later = offers[1]!
    if (how === 'decline') session.decline([later], { refuseMs: 60_000 })
    else await session.accept([later], [], { refuseMs: 60_000 })
    for (const id of ['a2', 'a3', 'a4']) world.agent(id, 'cpus:1;mem:64')
    world.pool.step()
    expect(heard(session).offers).toHaveLength(1)
  })
})

describe('what others use of agents', () => {
  test('does not count as the share of a role', () => {
    const world = new PoolWorld()
    world.agent('a1', 'cpus:40;mem:4096').occupy(resources('cpus:40;mem:4096'))
    const sessions = ['*', 'z'].map(role => world.pool.subscribe({ name: role, roles: [role] }))
    for (let n = 0; n < 4; n++) world.agent(`b${n}`)
    world.pool.step()
    expect(sessions.map(session => heard(session).offers.length)).toEqual([2, 2])
  })

  test('does not count against the limit of a role, and keeps no guarantee of one back', () => {
    const world = new PoolWorld()
    world.pool.roles.quota({ '*': { limits: { cpus: 4 } } })
    world.agent('a1').occupy(resources('cpus:4;mem:4096'))
    const session = world.pool.subscribe({ name: 'f', roles: ['*'] })
    world.agent('a2')
    world.pool.step()
    expect(heard(session).offers.map(each => each.resources.toString())).toEqual(['cpus:4;mem:4096'])
  })
})

describe('a claim', () => {
  test.each([
    [[], ['capability']],
    [['revocable'], []],
  ] as const)('with capabilities %j of what may be taken back: %j', (capabilities, problems) => {
    const world = new PoolWorld()
    const revocable = resources([{ name: 'cpus', value: 1, revocable: true }])
    world.pool.agent({ id: 'a1', resources: revocable })
    const session = world.pool.subscribe({ name: 'f', roles: ['r'], capabilities })
    const { rejected } = session.claim([{ agent: 'a1', tasks: [{ id: 't1', need: {}, take: revocable }] }])
    expect(rejected.map(({ problem }) => problem.code)).toEqual(problems)
  })

  test('that was decided before the agent went and came back meets a conflict of versions', () => {
    const world = new PoolWorld()
    const agent = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    const seen = new Set<number>()
    for (let n = 0; n < 4; n++) {
      seen.add(session.view().agent('a1')?.version ?? 0)
      agent.unreachable()
      agent.reachable([])
    }
    expect(seen.size).toBe(4)
    const [seenVersion = 0] = seen
    const { rejected } = session.claim([{ agent: 'a1', tasks: [TASK], seenVersion }], { conflict: 'version' })
    expect(rejected.map(({ problem }) => problem.code)).toEqual(['conflict'])
  })
})

describe('a pool that waits for agents that it knew', () => {
  test('says nothing of tasks that may run on them', async () => {
    const world = new PoolWorld({ knownAgents: 2 })
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    const asked = [{ id: 't1', agent: 'a2' }, { id: 't2' }, { id: 't3', agent: 'a1' }]
    const states = (): readonly string[] =>
      session.reconcile(asked).map(({ task, state }) => `${task} ${state}`)
    expect(states()).toEqual(['t3 gone'])
    expect(session.differences({ t2: 'running' })).toEqual([])
    await world.stepAt(600_000)
    expect(states()).toEqual(['t1 unknown', 't2 unknown', 't3 gone'])
  })

  test('speaks again as soon as they are back', () => {
    const world = new PoolWorld({ knownAgents: 1 })
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    expect(session.reconcile([{ id: 't1' }])).toEqual([])
    world.agent('a1')
    expect(session.reconcile([{ id: 't1' }]).map(({ state }) => state)).toEqual(['unknown'])
  })
})

describe('a framework that is guaranteed something hears', () => {
  test('that it declined it, not that it is held back for itself', () => {
    const world = new PoolWorld()
    world.agent('a1')
    world.pool.roles.quota({ prod: { guarantees: { cpus: 4, mem: 4_096 } } })
    const session = world.pool.subscribe({ name: 'f', roles: ['prod'] })
    world.pool.step()
    session.decline(heard(session).offers, { refuseMs: 3_600_000 })
    world.pool.step()
    expect(session.explain().verdict).toBe('filtered')
  })

  test.each([
    ['p', 'wouldGrant', 'outranked'],
    ['q', 'outranked', 'wouldGrant'],
  ] as const)('that it comes before who has the smaller share: %s', (guaranteed, ofRich, ofPoor) => {
    const allocator = createAllocator()
    allocator.apply(
      { type: 'agent', agent: { id: 'a1', resources: resources('cpus:4;mem:64') } },
      { type: 'agent', agent: { id: 'a2', resources: resources('cpus:4;mem:64') } },
      { type: 'framework', id: 'rich', roles: [{ role: 'p' }] },
      { type: 'take', framework: 'rich', role: 'p', agent: 'a2', resources: resources('cpus:4;mem:64') },
      { type: 'framework', id: 'poor', roles: [{ role: 'q' }] },
      { type: 'quota', role: guaranteed, quota: { guarantees: { cpus: 8 } } },
    )
    const verdicts = ['rich', 'poor'].map(
      framework => allocator.explain({ framework }).perAgent.get('a1')?.reason.code ?? 'wouldGrant',
    )
    expect(verdicts).toEqual([ofRich, ofPoor])
    expect(allocator.run(0).map(({ framework }) => framework)).toEqual([guaranteed === 'p' ? 'rich' : 'poor'])
  })
})

describe('a demand that is beyond what can be counted', () => {
  test('leaves nothing behind when it is taken back', () => {
    const world = new PoolWorld()
    world.agent('a1')
    world.pool.roles.quota({ prod: { guarantees: { cpus: 2 } } })
    const demand = [{ shape: { cpus: 2, mem: 1e9 }, count: 1 }]
    world.pool.subscribe({ name: 'f', roles: [{ role: 'prod', demand }] })
    const huge = world.pool.subscribe({ name: 'g', roles: ['prod'] })
    huge.request([{ shape: { cpus: 1e12 }, count: 1e9 }])
    huge.request([])
    const other = world.pool.subscribe({ name: 'h', roles: ['z'] })
    world.pool.step()
    expect(heard(other).offers.map(each => each.resources.quantities()['cpus'])).toEqual([2])
  })
})
