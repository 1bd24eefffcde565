import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { Session } from '../../src/offers/index.js'
import { heard, PoolWorld } from './pool-world.js'

const TASK = { id: 't1', need: { cpus: 1 } }

function claimed(world: PoolWorld): Session {
  world.agent('a1')
  const session = world.pool.subscribe({ name: 'f', id: 'f', roles: [{ role: 'r', suppressed: true }] })
  session.claim([{ agent: 'a1', tasks: [TASK] }])
  return session
}

function callsOf(world: PoolWorld): readonly string[] {
  return world.calls.map(({ call }) => call)
}

describe('a kill', () => {
  test('of a task that is being launched comes after the launch', async () => {
    const world = new PoolWorld()
    let launched = (): void => {}
    world.onLaunch = async () => new Promise(resolve => (launched = resolve))
    const session = claimed(world)
    expect(session.kill('t1')).toBe(true)
    await world.env.settle()
    expect(callsOf(world)).toEqual(['launch'])
    launched()
    await world.env.settle()
    expect(callsOf(world)).toEqual(['launch', 'kill'])
  })

  test('of a task that ended does not reach the driver', async () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    session.claim([{ agent: 'a1', tasks: [TASK] }])
    await world.env.settle()
    handle.report(session.id, { task: 't1', state: 'finished' })
    expect(session.kill('t1')).toBe(false)
    await world.env.settle()
    expect(callsOf(world)).toEqual(['launch'])
  })

  test('names the framework, since two may have tasks of one id', async () => {
    const world = new PoolWorld()
    const session = claimed(world)
    await world.env.settle()
    session.kill('t1')
    await world.env.settle()
    expect(world.calls.at(-1)).toMatchObject({ call: 'kill', framework: 'f' })
  })
})

describe('a launch', () => {
  test('that comes through after it was given up is stopped', async () => {
    const world = new PoolWorld({ launchTimeoutMs: 1_000 })
    let launched = (): void => {}
    world.onLaunch = async () => new Promise(resolve => (launched = resolve))
    const session = claimed(world)
    await world.stepAt(1_000)
    expect(session.reconcile().map(({ state }) => state)).toEqual(['dropped'])
    launched()
    await world.env.settle()
    expect(callsOf(world)).toEqual(['launch', 'kill'])
  })
})

describe('an accept', () => {
  test('that was waiting for its authorization when the pool was closed launches nothing', async () => {
    let answer = (_yes: boolean): void => {}
    const world = new PoolWorld({ authorize: async () => new Promise(resolve => (answer = resolve)) })
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const accepted = session.accept(heard(session).offers, [{ op: 'launch', tasks: [TASK] }])
    world.pool.close()
    answer(true)
    expect(isKeelsonError(await accepted.catch((error: unknown) => error), 'Closed')).toBe(true)
    expect(world.calls).toEqual([])
  })
})

describe('a report', () => {
  test('that comes again after it was acknowledged counts once', () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    session.claim([{ agent: 'a1', tasks: [TASK] }])
    const report = { task: 't1', state: 'running', uuid: 'u1' } as const
    handle.report(session.id, report)
    for (const { ack } of heard(session).updates) ack()
    handle.report(session.id, report)
    expect(heard(session).updates).toEqual([])
  })
})

describe('how long a framework starves', () => {
  test('counts again from its last offer on, as long as it asks for something', async () => {
    const world = new PoolWorld()
    world.agent('a1', 'cpus:1;mem:64')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    session.request([{ shape: { cpus: 1 }, count: 2 }])
    const starving = (): number | undefined =>
      world.pool.audit().find(({ framework }) => framework === session.id)?.starvingMs
    world.pool.step()
    await session.accept(heard(session).offers, [{ op: 'launch', tasks: [TASK] }])
    await world.stepAt(7_000)
    expect(starving()).toBe(7_000)
  })
})

describe('roles', () => {
  test('that nobody has any more are forgotten', () => {
    const world = new PoolWorld()
    world.agent('a1')
    const before = world.pool.allocator.audit().length
    for (let n = 0; n < 50; n++) world.pool.subscribe({ name: 'f', roles: [`team-${n}/x`] }).disconnect()
    expect(world.pool.allocator.audit()).toHaveLength(before)
  })
})

describe('what nobody knows', () => {
  test.each<readonly [string, (world: PoolWorld) => unknown]>([
    ['an option of a pool', () => new PoolWorld({ offerTimeout: 5 } as never)],
    ['an option of an allocator', () => new PoolWorld({ allocator: { grains: 'fair' } as never })],
    [
      'an option of a framework',
      world => world.pool.subscribe({ name: 'f', roles: ['r'], role: 'r' } as never),
    ],
    ['an option of a claim', world => claimed(world).claim([], { modus: 'atomic' } as never)],
    ['an option of a refusal', world => claimed(world).decline([], { refuse: 5 } as never)],
    ['a mode of a claim', world => claimed(world).claim([], { mode: 'all' as never })],
  ])('is refused: %s', (_what, act) => {
    expect(() => act(new PoolWorld())).toThrow(/did you mean|it takes|must be/)
  })

  test('an option of an accept', async () => {
    const session = claimed(new PoolWorld())
    await expect(session.accept([], [], { modes: 'all' } as never)).rejects.toThrow('did you mean mode?')
  })
})
