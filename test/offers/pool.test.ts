import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { Session } from '../../src/offers/index.js'
import { createPool, resources } from '../../src/offers/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { heard, PoolWorld } from './pool-world.js'

const ONE = { cpus: 1, mem: 64 }

async function running(world: PoolWorld, session: Session, id = 't1'): Promise<void> {
  world.pool.step()
  await session.accept(heard(session).offers, [{ op: 'launch', tasks: [{ id, need: ONE }] }], {
    refuseMs: 600_000,
  })
}

describe('offers', () => {
  test('expire without a filter, and go to somebody else', async () => {
    const world = new PoolWorld({ offerTimeoutMs: 10_000 })
    world.agent('a1')
    const first = world.pool.subscribe({ name: 'first', roles: ['r'] })
    world.pool.step()
    const [offer] = heard(first).offers
    expect(offer?.expiresAtMs).toBe(world.env.clock.now() + 10_000)
    const second = world.pool.subscribe({ name: 'second', roles: ['r'] })
    await world.stepAt(10_000)
    expect(heard(first).rescinds).toEqual([{ offer: offer!.id, reason: 'expired' }])
    expect(heard(second).offers).toHaveLength(1)
  })

  test('that nobody read are withdrawn without a word', async () => {
    const world = new PoolWorld({ offerTimeoutMs: 10_000 })
    world.agent('a1')
    const silent = world.pool.subscribe({ name: 'silent', roles: ['r'] })
    world.pool.step()
    silent.suppress()
    await world.stepAt(10_000)
    expect(silent.take()).toEqual([])
  })

  test('beyond what a session may hold are not made', () => {
    const world = new PoolWorld({ offersMax: 2 })
    for (let n = 0; n < 5; n++) world.agent(`a${n}`)
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    expect(heard(session).offers).toHaveLength(2)
  })

  test('give way in a session that never reads, and updates do not', async () => {
    const world = new PoolWorld({ eventsMax: 2, offerTimeoutMs: null })
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    await running(world, session)
    for (let n = 2; n <= 6; n++) {
      world.agent(`a${n}`)
      world.pool.step()
    }
    handle.report(session.id, { task: 't1', state: 'running' })
    const events = session.take()
    expect(events.filter(({ type }) => type === 'update')).toHaveLength(1)
    expect(events.length).toBeLessThanOrEqual(3)
    expect(world.pool.allocator.agent('a2')?.free.isEmpty).toBe(false)
  })

  test('of an agent are rescinded when it changes, and come anew', () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const [before] = heard(session).offers
    handle.update({ resources: resources('cpus:8;mem:4096') })
    world.pool.step()
    const { rescinds, offers } = heard(session)
    expect(rescinds).toEqual([{ offer: before!.id, reason: 'agent' }])
    expect(offers.map(({ resources: set }) => set.toString())).toEqual(['cpus:8;mem:4096'])
  })

  test('tell a planned absence, and are rescinded when the plan changes', () => {
    const world = new PoolWorld()
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    session.take()
    world.pool.maintenance([{ agents: ['a1'], startMs: 5, durationMs: 7 }])
    world.pool.step()
    const { rescinds, offers } = heard(session)
    expect(rescinds.map(({ reason }) => reason)).toEqual(['maintenance'])
    expect(offers[0]?.agent.unavailability).toEqual({ startMs: 5, durationMs: 7 })
  })
})

describe('accept', () => {
  test('reserves, creates a volume and launches on it, in one call', async () => {
    const world = new PoolWorld()
    world.agent('a1', 'cpus:4;mem:64;disk:100')
    const session = world.pool.subscribe({ name: 'db', roles: ['db'], principal: 'p' })
    world.pool.step()
    const reservation = { role: 'db', principal: 'p' }
    const disk = { name: 'disk', value: 40, reservations: [reservation] }
    const volume = resources([{ ...disk, disk: { volume: { id: 'v1', path: 'data' } } }])
    const outcomes = await session.accept(
      heard(session).offers,
      [
        { op: 'reserve', resources: resources([disk]) },
        { op: 'create', volumes: volume },
        { op: 'launch', tasks: [{ id: 't1', need: {}, take: volume.plus(resources({ cpus: 1 })) }] },
      ],
      { refuseMs: 0 },
    )
    expect(outcomes).toEqual([
      { op: 'reserve', ok: true },
      { op: 'create', ok: true },
      { op: 'launch', launched: ['t1'], failed: [] },
    ])
    expect(world.pool.allocator.snapshot().agents[0]?.spec.resources).toContainEqual({
      ...disk,
      reservations: [{ ...reservation, kind: 'dynamic' }],
      disk: { volume: { id: 'v1', path: 'data' } },
    })
    world.pool.step()
    const [destroy] = await session.accept(heard(session).offers, [{ op: 'destroy', volumes: volume }])
    expect(destroy).toMatchObject({ ok: false, problem: { code: 'notContained' } })
  })

  test('with mode all undoes everything when one operation fails', async () => {
    const world = new PoolWorld()
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const outcomes = await session.accept(
      heard(session).offers,
      [
        { op: 'launch', tasks: [{ id: 't1', need: ONE }] },
        { op: 'launch', tasks: [{ id: 't2', need: { cpus: 64 } }] },
      ],
      { mode: 'all' },
    )
    expect(outcomes.map(({ launched }) => launched)).toEqual([[], []])
    expect(outcomes[0].failed[0]?.problem.code).toBe('aborted')
    expect(world.calls).toEqual([])
  })

  test('asks who may do it, and looks at the offers again after that', async () => {
    let answer: (allowed: boolean) => void = () => {}
    const world = new PoolWorld({
      offerTimeoutMs: 1_000,
      authorize: () => new Promise(resolve => (answer = resolve)),
    })
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const call = session.accept(heard(session).offers, [{ op: 'launch', tasks: [{ id: 't1', need: ONE }] }])
    await world.stepAt(1_000)
    answer(true)
    expect((await call)[0].failed[0]?.problem.code).toBe('unknown')
    expect(world.calls).toEqual([])
  })

  test('of too many operations does nothing', async () => {
    const world = new PoolWorld({ operationsMax: 1 })
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const { offers } = heard(session)
    const launch = { op: 'launch' as const, tasks: [{ id: 't1', need: ONE }] }
    const error: unknown = await session.accept(offers, [launch, launch]).catch((refused: unknown) => refused)
    expect(isKeelsonError(error, 'TooLarge')).toBe(true)
    expect((await session.accept(offers, [launch]))[0].launched).toEqual(['t1'])
  })

  test.each([
    ['rejects', async () => Promise.reject(new Error('no disk')), 'launchFailed', 0],
    ['never answers', () => new Promise<void>(() => {}), 'launchTimeout', 30_000],
  ])('drops a task whose driver %s', async (_name, onLaunch, reason, atMs) => {
    const world = new PoolWorld()
    world.onLaunch = onLaunch
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    await running(world, session)
    session.suppress()
    await world.stepAt(atMs)
    expect(heard(session).updates.map(({ update }) => [update.state, update.reason])).toEqual([
      ['dropped', reason],
    ])
    expect(world.pool.allocator.agent('a1')?.free.quantities()).toEqual({ cpus: 4, mem: 4096 })
  })
})

describe('tasks', () => {
  test('are told of until that is acknowledged, one update at a time', async () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    await running(world, session)
    handle.report(session.id, { task: 't1', state: 'running', uuid: 'u1' })
    handle.report(session.id, { task: 't1', state: 'running', uuid: 'u1' })
    handle.report(session.id, { task: 't1', state: 'finished', uuid: 'u2' })
    const unacknowledged = heard(session).updates
    await world.stepAt(10_000)
    const first = [...unacknowledged, ...heard(session).updates]
    expect(first.map(({ update }) => update.uuid)).toEqual(['u1', 'u1'])
    first[0]!.ack()
    first[1]!.ack()
    const second = heard(session).updates
    expect(second.map(({ update }) => update.uuid)).toEqual(['u2'])
    expect(handle.report(session.id, { task: 't1', state: 'running' })).toBe(true)
    second[0]!.ack()
    expect(session.reconcile()).toEqual([])
    expect(handle.report(session.id, { task: 't1', state: 'running' })).toBe(false)
  })

  test('go on without their framework for its failover time, and their news wait for it', async () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const options = { name: 'f', id: 'f', roles: ['r'], failoverMs: 60_000 }
    const session = world.pool.subscribe(options)
    await running(world, session)
    session.disconnect()
    handle.report('f', { task: 't1', state: 'running' })
    await world.stepAt(59_000)
    const again = world.pool.subscribe(options)
    expect(heard(again).updates.map(({ update }) => update.state)).toEqual(['running'])
    expect(again.reconcile().map(({ task }) => task)).toEqual(['t1'])
    expect(world.calls.filter(({ call }) => call === 'kill')).toEqual([])
  })

  test.each([
    ['disconnect', 1_000],
    ['teardown', 0],
  ] as const)('are stopped after a %s, %i ms later, and give everything back', async (leave, afterMs) => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', id: 'f', roles: ['r'], failoverMs: 1_000 })
    await running(world, session)
    session[leave]()
    expect(session.connected).toBe(false)
    await world.stepAt(afterMs)
    expect(world.calls.at(-1)).toMatchObject({ call: 'kill', task: 't1' })
    handle.report('f', { task: 't1', state: 'killed' })
    expect(world.pool.allocator.agent('a1')?.free.quantities()).toEqual({ cpus: 4, mem: 4096 })
    expect(world.pool.audit().filter(({ kind }) => kind === 'framework')).toEqual([])
  })

  test('hear it when another session takes over, and only the new one is offered', () => {
    const world = new PoolWorld()
    world.agent('a1')
    const first = world.pool.subscribe({ name: 'f', id: 'f', roles: ['r'], failoverMs: 1_000 })
    world.pool.step()
    first.take()
    const second = world.pool.subscribe({ name: 'f', id: 'f', roles: ['r'], failoverMs: 1_000 })
    world.pool.step()
    expect(heard(first).ends).toEqual(['failedOver'])
    expect(first.connected).toBe(false)
    expect(() => first.suppress()).toThrow('closed')
    expect(heard(second).offers).toHaveLength(1)
  })

  test('of a drained agent are stopped, and the drain ends when their ends are known', async () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    await running(world, session)
    let drained = false
    const drain = handle.drain({ graceMs: 100 }).then(() => (drained = true))
    expect(world.calls.at(-1)).toMatchObject({ call: 'kill', graceMs: 100 })
    handle.report(session.id, { task: 't1', state: 'killed' })
    await world.env.settle()
    expect(drained).toBe(false)
    for (let n = 0; n < 3; n++) for (const { ack } of heard(session).updates) ack()
    await drain
    world.pool.step()
    expect(heard(session).offers).toEqual([])
  })

  test('are compared with what the framework believes', async () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    await running(world, session)
    handle.report(session.id, { task: 't1', state: 'running' })
    expect(session.differences({ t1: 'running' })).toEqual([])
    expect(
      session.differences({ t1: 'staging', t9: 'running' }).map(({ task, state }) => [task, state]),
    ).toEqual([
      ['t1', 'running'],
      ['t9', 'unknown'],
    ])
  })
})

describe('claims', () => {
  test('are outranked only by somebody poorer whose task fits before and not after', () => {
    const world = new PoolWorld()
    world.agent('a1', 'cpus:4')
    const poor = world.pool.subscribe({
      name: 'poor',
      id: 'poor',
      roles: [
        {
          role: 'p',
          suppressed: false,
          demand: [{ shape: { cpus: 3 }, count: 1 }],
        },
      ],
    })
    const rich = world.pool.subscribe({ name: 'rich', roles: [{ role: 'r', suppressed: true }] })
    const claim = (id: string, cpus: number): unknown =>
      rich.claim([{ agent: 'a1', tasks: [{ id, need: { cpus } }] }]).rejected[0]?.problem.code
    expect(claim('small', 1)).toBeUndefined()
    expect(claim('large', 3)).toBe('outranked')
    poor.request([])
    expect(claim('large', 3)).toBeUndefined()
  })

  test('that conflict three times in a row earn an offer', () => {
    const world = new PoolWorld()
    world.agent('a1', 'cpus:4')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r' }] })
    const item = { agent: 'a1', seenVersion: 99, tasks: [{ id: 't', need: { cpus: 1 } }] }
    for (let n = 0; n < 3; n++) {
      expect(heard(session).offers).toEqual([])
      session.claim([item], { conflict: 'version' })
    }
    expect(heard(session).offers).toHaveLength(1)
  })

  test('of a gang are all or nothing, and pass the quota', () => {
    const world = new PoolWorld()
    for (const id of ['a1', 'a2', 'a3']) world.agent(id, 'cpus:2')
    world.pool.roles.quota({ r: { limits: { cpus: 4 } } })
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    const gang = (ids: readonly string[]) =>
      session.claim(
        ids.map(agent => ({ agent, tasks: [{ id: `on ${agent}`, need: { cpus: 2 } }] })),
        { mode: 'atomic' },
      )
    const refused = gang(['a1', 'a2', 'a3'])
    expect(refused.committed).toEqual([])
    expect(refused.rejected.map(({ problem }) => problem.code)).toEqual(['limit', 'aborted', 'aborted'])
    expect(world.pool.allocator.grantsOf(session.id), 'a tie is broken as before').toEqual({ r: 0 })
    expect(gang(['a1', 'a3']).committed).toEqual(['on a1', 'on a3'])
    expect(world.calls).toHaveLength(2)
  })

  test('are made from a view that is followed at the cost of change', () => {
    const world = new PoolWorld()
    for (const id of ['a1', 'a2']) world.agent(id, 'cpus:2')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    const { version } = session.view()
    session.claim([{ agent: 'a2', tasks: [{ id: 't', need: { cpus: 1 } }] }])
    expect(session.view().changes(version)).toEqual(['a2'])
    expect(session.view().changes(session.view().version)).toEqual([])
  })
})

describe('a pool', () => {
  test('works by itself on the clock of its env', async () => {
    const env = createVirtualEnv()
    const pool = createPool({
      env,
      driver: { launch: async () => {}, kill: async () => {} },
      offerTimeoutMs: 1_000,
    })
    pool.agent({ id: 'a1', resources: resources('cpus:4') })
    const session = pool.subscribe({ name: 'f', roles: ['r'] })
    await env.advance(0)
    expect(heard(session).offers).toHaveLength(1)
    await env.advance(1_000)
    expect(heard(session)).toMatchObject({ rescinds: [{ reason: 'expired' }], offers: [{ role: 'r' }] })
    const read = (async () => {
      for await (const event of session) if (event.type === 'closed') return 'closed'
      return 'ended'
    })()
    pool.close()
    expect(await read).toBe('closed')
    expect(() => pool.subscribe({ name: 'g', roles: ['r'] })).toThrow('closed')
  })

  test('waits for its agents after a restart, where there are quotas', async () => {
    const world = new PoolWorld({ knownAgents: 5 })
    world.pool.roles.quota({ q: { limits: { cpus: 1 } } })
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    for (const id of ['a1', 'a2', 'a3']) world.agent(id)
    world.pool.step()
    expect(heard(session).offers).toEqual([])
    world.agent('a4')
    world.pool.step()
    expect(heard(session).offers).toHaveLength(4)
  })

  test('lowers a limit by taking offers back, newest first', () => {
    const world = new PoolWorld()
    for (const id of ['a1', 'a2', 'a3']) world.agent(id, 'cpus:2')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const { offers } = heard(session)
    world.pool.roles.quota({ r: { limits: { cpus: 3 } } })
    expect(heard(session).rescinds).toEqual(
      [offers[2], offers[1]].map(offer => ({ offer: offer!.id, reason: 'quota' })),
    )
  })

  test.each([
    [
      'a child that is guaranteed more than its parent',
      { a: { guarantees: { cpus: 1 } }, 'a/b': { guarantees: { cpus: 2 } } },
    ],
    ['a guarantee above the limit', { a: { guarantees: { cpus: 2 }, limits: { cpus: 1 } } }],
    [
      'a guarantee above the limit of a role above',
      { a: { limits: { cpus: 1 } }, 'a/b': { guarantees: { cpus: 2 } } },
    ],
    ['a negative amount', { a: { limits: { cpus: -1 } } }],
    ['a bad name', { 'a//b': { limits: { cpus: 1 } } }],
  ])('refuses %s, and changes no quota', (_name, quotas) => {
    const world = new PoolWorld()
    world.agent('a1', 'cpus:100')
    world.pool.roles.quota({ z: { limits: { cpus: 5 } } })
    expect(() => world.pool.roles.quota(quotas)).toThrow('invalid')
    expect(world.pool.allocator.snapshot().quotas).toEqual({ z: { limits: { cpus: 5 } } })
  })

  test('tells who starves, and for how long', async () => {
    const world = new PoolWorld()
    world.agent('a1', 'cpus:4')
    world.pool.subscribe({
      name: 'big',
      id: 'big',
      roles: [{ role: 'r', demand: [{ shape: { cpus: 64 }, count: 1 }] }],
    })
    await world.stepAt(7_000)
    expect(world.pool.audit().find(({ framework }) => framework === 'big')).toMatchObject({
      starvingMs: 7_000,
      waiting: { cpus: 64 },
    })
    const explained = world.pool.explain('big')
    expect(explained.verdict).toBe('doesNotFitDemand')
    expect(explained.helps).toEqual(['ask for smaller tasks, or add larger agents'])
  })
})
