import { describe, expect, test } from 'vitest'
import type { LaunchSpec, Operation } from '../../src/offers/index.js'
import { ResourceSet, resources } from '../../src/offers/index.js'
import { UpdateStream } from '../../src/offers/pool/update-stream.js'
import { heard, PoolWorld } from './pool-world.js'

const MALFORMED = { id: 't2', need: { cpus: -1 } } as LaunchSpec

describe('what is malformed', () => {
  test('in a claim is refused alone, and holds nothing', () => {
    const world = new PoolWorld()
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    const longId = { id: 'x'.repeat(257), need: { cpus: 1 } }
    const elsewhere = { id: 't3', agent: 'a2', need: { cpus: 1 } }
    const tasks = [{ id: 't1', need: { cpus: 1 } }, MALFORMED, longId, elsewhere]
    const { committed, rejected } = session.claim([{ agent: 'a1', tasks }])
    expect(committed).toEqual(['t1'])
    expect(rejected.map(({ problem }) => problem.code)).toEqual(['invalid', 'invalid', 'agentMismatch'])
    expect(world.pool.allocator.agent('a1')?.free.quantities()).toEqual({ cpus: 3, mem: 4096 })
  })

  test.each<readonly [string, Operation]>([
    ['an overhead', { op: 'launchGroup', tasks: [{ id: 't1', need: { cpus: 1 } }], overhead: { cpus: -1 } }],
    ['a need', { op: 'launch', tasks: [MALFORMED] }],
    ['no resources', { op: 'reserve' } as unknown as Operation],
    ['no tasks', { op: 'launch' } as unknown as Operation],
  ])('in an accept, %s, leaves no offer that is neither held nor free', async (_what, operation) => {
    const world = new PoolWorld()
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const [offer] = heard(session).offers
    await session.accept([offer!], [operation]).catch(() => {})
    session.decline([offer!])
    expect(world.pool.allocator.agent('a1')?.free.quantities()).toEqual({ cpus: 4, mem: 4096 })
  })
})

describe('an agent', () => {
  test.each([
    ['id', { id: '', resources: resources('cpus:4') }],
    ['resources', { id: 'a1', resources: 'cpus:4' as unknown as ResourceSet }],
  ])('whose %s is invalid is refused by name, and is not there', (field, spec) => {
    const { pool } = new PoolWorld()
    expect(() => pool.agent(spec)).toThrow(`agent.${field}: must`)
    expect([...pool.allocator.agents()]).toEqual([])
    expect(pool.agent({ id: 'a1', resources: resources('cpus:4') }).id).toBe('a1')
  })
})

describe('what grows', () => {
  test('is not the queue of a session that never reads, by updates that are told again', async () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    session.claim([{ agent: 'a1', tasks: [{ id: 't1', need: { cpus: 1 } }] }])
    handle.report(session.id, { task: 't1', state: 'running' })
    for (let minute = 1; minute <= 60; minute++) await world.stepAt(minute * 60_000)
    expect(heard(session).updates).toHaveLength(1)
    await world.stepAt(71 * 60_000)
    expect(heard(session).updates).toHaveLength(1)
  })

  test('is not the line of updates of one task: beyond 100 the newest replaces the one before', () => {
    const stream = new UpdateStream()
    for (let n = 1; n <= 1_000; n++) stream.push({ task: 't', state: 'running', uuid: `u${n}`, atMs: n }, n)
    stream.push({ task: 't', state: 'finished', uuid: 'end', atMs: 1_001 }, 1_001)
    const uuids = stream.waiting.map(({ uuid }) => uuid)
    expect(uuids).toHaveLength(100)
    expect([uuids[0], uuids[98], uuids[99]]).toEqual(['u1', 'u99', 'end'])
    for (const uuid of uuids) stream.acknowledge(uuid!, 2_000)
    expect(stream.isClosed).toBe(true)
  })
})

describe('reservations', () => {
  test('of one agent end each at its own time, though nobody is offered them', async () => {
    const world = new PoolWorld()
    const startMs = world.env.clock.now()
    const reserved = [100, 200].map(ms => ({
      name: 'cpus',
      value: 1,
      reservations: [{ role: `r${ms}`, kind: 'dynamic' as const, expiresAtMs: startMs + ms }],
    }))
    world.pool.agent({ id: 'a1', resources: resources(reserved) })
    const unreserved = (): number =>
      world.pool.allocator
        .agent('a1')
        ?.free.filter(each => each.reservations === undefined)
        .quantities()['cpus'] ?? 0
    await world.stepAt(100)
    expect(unreserved()).toBe(1)
    await world.stepAt(200)
    expect(unreserved()).toBe(2)
  })
})

describe('authorization', () => {
  test.each<readonly [string, () => boolean | Promise<boolean>, readonly string[]]>([
    ['yes', () => true, ['t1']],
    ['no', () => false, []],
    ['later', () => Promise.resolve(true), []],
    ['fails', () => Promise.reject(new Error('down')), []],
  ])('is asked for claims too, at once: %s', (_answer, answer, launched) => {
    const asked: string[] = []
    const authorize = ({
      operation,
      role,
    }: {
      operation: string
      role: string
    }): boolean | Promise<boolean> => {
      asked.push(`${operation} ${role}`)
      return answer()
    }
    const world = new PoolWorld({ authorize })
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    const { committed, rejected } = session.claim([{ agent: 'a1', tasks: [{ id: 't1', need: { cpus: 1 } }] }])
    expect(committed).toEqual(launched)
    expect(rejected.map(({ problem }) => problem.code)).toEqual(launched.length > 0 ? [] : ['unauthorized'])
    expect(asked).toEqual(['launch r'])
    expect(world.pool.allocator.held(session.id, 'r', 'a1').equals(ResourceSet.empty)).toBe(
      launched.length === 0,
    )
  })
})
