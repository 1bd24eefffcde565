import { describe, expect, test } from 'vitest'
import { Framework, findCondition, Lease, Node, Reservation, Role, Task } from '../../src/api/index.js'
import { isKeelsonError } from '../../src/core/index.js'
import type { ResourceSet, Session, StorePool } from '../../src/offers/index.js'
import { resources } from '../../src/offers/index.js'
import { heard } from './pool-world.js'
import { acknowledgeAll, NAMESPACE, StorePoolWorld, taskOf } from './store-pool-world.js'

const FAILOVER_MS = 60_000
const RESERVED = resources([{ name: 'disk', value: 100, reservations: [{ role: 'eng' }] }])
const VOLUME = resources([
  { name: 'disk', value: 100, reservations: [{ role: 'eng' }], disk: { volume: { id: 'v1' } } },
])

function subscribe({ pool }: StorePool, id = 'web', failoverMs = FAILOVER_MS): Session {
  return pool.subscribe({ name: id, id, roles: ['eng'], failoverMs })
}

async function worldWithNode(): Promise<StorePoolWorld> {
  const world = new StorePoolWorld()
  await world.addNode('n1')
  return world
}

function freeOf({ pool }: StorePool, agent = 'n1'): ResourceSet | undefined {
  return pool.allocator.agent(agent)?.free
}

describe('a pool that takes over', () => {
  test('knows tasks, reservations, volumes, quotas, weights and grants of the one that died', async () => {
    const world = await worldWithNode()
    await world.store.create(Role, { metadata: { name: 'eng' }, spec: { weight: 2, limits: { cpus: 3 } } })
    const first = await world.startPool('p1')
    const session = subscribe(first.bound)
    await world.env.settle()
    const accepted = session.accept(heard(session).offers, [
      { op: 'reserve', resources: RESERVED },
      { op: 'create', volumes: VOLUME },
      { op: 'launch', tasks: [taskOf('t1'), taskOf('t2')] },
    ])
    await world.env.settle()
    expect((await accepted).map(outcome => ('problem' in outcome ? outcome.problem : undefined))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    await world.setPhase('t1', 'Running')
    await world.env.advance(2_000)
    const grants = first.bound.pool.allocator.grantsOf('web')
    session.suppress()
    for (const { id } of heard(session).offers) session.decline([id])
    const free = freeOf(first.bound)
    first.crash()

    const { bound } = await world.startPool('p2')
    expect(freeOf(bound)?.toString()).toBe(free?.toString())
    expect(freeOf(bound)?.contains(VOLUME)).toBe(true)
    expect(bound.pool.allocator.grantsOf('web')).toEqual(grants)
    expect(bound.pool.allocator.quotas()).toEqual(new Map([['eng', { limits: { cpus: 3 } }]]))
    expect(bound.pool.audit().find(({ path }) => path === 'eng')?.weight).toBe(2)
    const again = subscribe(bound)
    expect(again.reconcile().map(({ task, state }) => [task, state])).toEqual([
      ['t1', 'running'],
      ['t2', 'staging'],
    ])
    expect(Object.keys(await acknowledgeAll(world.env, again))).toEqual(['t1', 't2'])
  })

  test('tells again what was not acknowledged, and nothing of what was', async () => {
    const world = await worldWithNode()
    const first = await world.startPool('p1')
    const session = subscribe(first.bound)
    session.claim([{ agent: 'n1', tasks: [taskOf('t1'), taskOf('t2')] }])
    await world.env.settle()
    await world.setPhase('t1', 'Succeeded')
    await acknowledgeAll(world.env, session)
    await world.setPhase('t2', 'Failed')
    expect(heard(session).updates.map(({ update }) => update.state)).toEqual(['failed'])
    first.crash()
    const { bound } = await world.startPool('p2')
    expect(await acknowledgeAll(world.env, subscribe(bound))).toEqual({ t2: ['failed'] })
    expect(world.store.list(Task).items).toEqual([])
  })

  test('gives a framework the rest of its failover time', async () => {
    const world = await worldWithNode()
    const first = await world.startPool('p1')
    const session = subscribe(first.bound)
    session.claim([{ agent: 'n1', tasks: [taskOf('t1')] }])
    await world.env.settle()
    session.disconnect()
    await world.env.settle()
    first.crash()
    await world.env.advance(FAILOVER_MS - 10_000)
    await world.startPool('p2')
    await world.env.advance(9_000)
    expect(world.task('t1')?.metadata.deletionTimestamp).toBeUndefined()
    await world.env.advance(1_000)
    await world.env.settle()
    expect(world.task('t1')).toBeUndefined()
    expect(world.store.list(Framework).items).toEqual([])
  })

  test('stops tasks of a framework that nobody knows', async () => {
    const world = await worldWithNode()
    const first = await world.startPool('p1')
    subscribe(first.bound).claim([{ agent: 'n1', tasks: [taskOf('t1')] }])
    await world.env.settle()
    first.crash()
    await world.store.delete(Framework, { name: 'web' })
    await world.startPool('p2')
    await world.env.settle()
    expect(world.task('t1')).toBeUndefined()
  })

  test('goes on with a drain', async () => {
    const world = await worldWithNode()
    const first = await world.startPool('p1')
    const session = subscribe(first.bound)
    session.claim([{ agent: 'n1', tasks: [taskOf('t1')] }])
    await world.env.settle()
    await world.store.modify(Task, { namespace: NAMESPACE, name: 't1' }, draft => {
      draft.metadata.finalizers.push('example.dev/node')
    })
    await world.store.modify(Node, { name: 'n1' }, draft => {
      draft.spec.drain = { gracePeriodSeconds: 1 }
    })
    await world.env.settle()
    expect(world.task('t1')?.metadata.deletionTimestamp).toBeDefined()
    expect(world.task('t1')?.spec.terminationGracePeriodSeconds).toBe(1)
    first.crash()
    const { bound } = await world.startPool('p2')
    const again = subscribe(bound)
    const drained = (): string | undefined =>
      findCondition(world.store.get(Node, { name: 'n1' })?.status?.conditions, 'Drained')?.status
    await acknowledgeAll(world.env, again)
    expect(drained()).toBeUndefined()
    await world.store.modify(Task, { namespace: NAMESPACE, name: 't1' }, draft => {
      draft.metadata.finalizers = draft.metadata.finalizers.filter(name => name !== 'example.dev/node')
    })
    await world.env.settle()
    expect(await acknowledgeAll(world.env, again)).toEqual({ t1: ['killed'] })
    expect(drained()).toBe('True')
    await world.store.modify(Node, { name: 'n1' }, draft => {
      delete draft.spec.drain
    })
    await world.env.settle()
    expect(drained()).toBe('False')
    expect(bound.pool.allocator.agent('n1')?.active).toBe(true)
  })

  test('takes tasks of a node that is gone for gone', async () => {
    const world = await worldWithNode()
    const first = await world.startPool('p1')
    subscribe(first.bound).claim([{ agent: 'n1', tasks: [taskOf('t1')] }])
    await world.env.settle()
    first.crash()
    await world.store.delete(Node, { name: 'n1' })
    const { bound } = await world.startPool('p2')
    expect(await acknowledgeAll(world.env, subscribe(bound))).toEqual({ t1: ['goneByOperator'] })
    expect(world.store.list(Task).items).toEqual([])
  })
})

describe('of two pools of one name', () => {
  test('the older one ends its sessions, says why, and writes no more', async () => {
    const world = await worldWithNode()
    const older = await world.startPool('p1')
    const session = subscribe(older.bound)
    await world.env.settle()
    const { offers } = heard(session)
    const newer = await world.startPool('p2')
    await world.env.settle()
    expect(session.connected).toBe(false)
    expect(heard(session).ends).toEqual(['closed'])
    expect(older.bound.unhealthy?.()).toContain('another pool took the name offers')
    const late = await session
      .accept(offers, [{ op: 'launch', tasks: [taskOf('t1')] }])
      .catch((error: unknown) => error)
    expect(isKeelsonError(late, 'Closed')).toBe(true)
    expect(newer.bound.unhealthy?.()).toBeUndefined()
    expect(world.store.list(Task).items).toEqual([])
  })

  test('a launch that the older one decided before it heard of the newer one is refused', async () => {
    const world = await worldWithNode()
    const older = await world.startPool('p1')
    const session = subscribe(older.bound)
    await world.env.settle()
    session.suppress()
    session.decline(heard(session).offers)
    const starting = world.startPool('p2')
    const { committed } = session.claim([{ agent: 'n1', tasks: [taskOf('t1')] }])
    const { bound } = await starting
    expect(committed).toEqual(['t1'])
    expect(world.store.list(Task).items).toEqual([])
    expect(session.connected).toBe(false)
    expect(subscribe(bound).reconcile()).toEqual([])
  })
})

describe('a pool', () => {
  test('keeps its name when somebody merely touches its Lease', async () => {
    const world = await worldWithNode()
    const { bound } = await world.startPool('p1')
    const session = subscribe(bound)
    await world.store.modify(Lease, { namespace: NAMESPACE, name: 'offers-offers' }, draft => {
      draft.metadata.annotations = { note: 'seen' }
    })
    await world.env.settle()
    session.claim([{ agent: 'n1', tasks: [taskOf('t1')] }])
    await world.env.settle()
    expect(session.connected).toBe(true)
    expect(bound.unhealthy?.()).toBeUndefined()
  })

  test('that has ended leaves no timer behind, whatever it is still asked', async () => {
    const world = await worldWithNode()
    const { bound } = await world.startPool('p1')
    const { pool } = bound
    const session = subscribe(bound)
    session.claim([{ agent: 'n1', tasks: [taskOf('t1')] }])
    void bound.stop()
    await world.env.settle()
    pool.step()
    await world.env.advance(120_000)
    expect(world.env.pending()).toEqual([])
  })
})

describe('pools of two names', () => {
  test('share a store: what tasks of one use is not offered by the other', async () => {
    const world = await worldWithNode()
    const { bound } = await world.startPool('p1')
    const other = await world.startPool('p2', { name: 'batch' })
    const session = subscribe(bound)
    session.claim([{ agent: 'n1', tasks: [taskOf('t1', 3)] }])
    await world.env.settle()
    expect(session.connected).toBe(true)
    expect(freeOf(other.bound)?.quantities()['cpus']).toBe(1)
    expect(subscribe(other.bound, 'spark').reconcile()).toEqual([])
  })
})

describe('roles as objects', () => {
  test('that contradict another are not accepted, and the others count', async () => {
    const world = await worldWithNode()
    const { bound } = await world.startPool('p1')
    await world.store.create(Role, { metadata: { name: 'eng' }, spec: { limits: { cpus: 2 } } })
    await world.store.create(Role, {
      metadata: { name: 'web' },
      spec: { role: 'eng/web', guarantees: { cpus: 3 } },
    })
    await world.store.create(Role, { metadata: { name: 'zzz' }, spec: { role: 'eng', weight: 7 } })
    await world.env.settle()
    const accepted = (name: string): unknown => {
      const { status, reason } =
        findCondition(world.store.get(Role, { name })?.status?.conditions, 'Accepted') ?? {}
      return [status, reason]
    }
    expect(accepted('eng')).toEqual(['True', 'Accepted'])
    expect(accepted('web')).toEqual(['False', 'Invalid'])
    expect(accepted('zzz')).toEqual(['False', 'Duplicate'])
    expect([...bound.pool.allocator.quotas().keys()]).toEqual(['eng'])
    await world.store.delete(Role, { name: 'eng' })
    await world.env.settle()
    expect(accepted('web')).toEqual(['True', 'Accepted'])
    expect(accepted('zzz')).toEqual(['True', 'Accepted'])
    expect(() => bound.pool.roles.weight('eng', 2)).toThrow('create or update a Role')
  })
})

describe('reservations as objects', () => {
  test('are written before the operation counts, and one that does not fit changes nothing', async () => {
    const world = await worldWithNode()
    const { bound } = await world.startPool('p1')
    const session = subscribe(bound)
    await world.env.settle()
    const { offers } = heard(session)
    const reserved = resources([{ name: 'cpus', value: 3, reservations: [{ role: 'eng' }] }])
    const accepted = session.accept(offers, [{ op: 'reserve', resources: reserved }])
    // Somebody else's task reaches the node first.
    await world.store.create(Task, {
      metadata: { name: 'other', namespace: NAMESPACE },
      spec: { nodeName: 'n1', resources: { requests: { cpu: '2' } } },
    })
    await world.env.settle()
    const [outcome] = await accepted
    expect(outcome.problem?.code).toBe('conflict')
    expect(world.store.list(Reservation).items).toEqual([])
    expect(heard(session).offers.map(offer => offer.resources.quantities()['cpus'])).toEqual([2])
  })

  test('that were taken off are gone, also from the store', async () => {
    const world = await worldWithNode()
    const { bound } = await world.startPool('p1')
    const session = subscribe(bound)
    await world.env.settle()
    const first = session.accept(heard(session).offers, [{ op: 'reserve', resources: RESERVED }], {
      refuseMs: 0,
    })
    await world.env.settle()
    expect((await first)[0].ok).toBe(true)
    expect(world.store.list(Reservation).items.map(({ spec }) => spec)).toMatchObject([
      { nodeName: 'n1', role: 'eng', requests: { 'ephemeral-storage': '104857600' } },
    ])
    const second = session.accept(heard(session).offers, [{ op: 'unreserve', resources: RESERVED }])
    await world.env.settle()
    expect((await second)[0].ok).toBe(true)
    expect(world.store.list(Reservation).items).toEqual([])
  })

  test('end by themselves at their time, also when nobody was there then', async () => {
    const world = await worldWithNode()
    const first = await world.startPool('p1')
    const session = subscribe(first.bound)
    await world.env.settle()
    const expiresAtMs = world.env.clock.now() + 20_000
    const set = resources([{ name: 'cpus', value: 1, reservations: [{ role: 'eng', expiresAtMs }] }])
    const accepted = session.accept(heard(session).offers, [{ op: 'reserve', resources: set }])
    await world.env.settle()
    expect((await accepted)[0].ok).toBe(true)
    first.crash()
    await world.env.advance(30_000)
    const { bound } = await world.startPool('p2')
    await world.env.settle()
    expect(
      freeOf(bound)
        ?.filter(each => each.name === 'cpus')
        .toString(),
    ).toBe('cpus:4')
    expect(world.store.list(Reservation).items).toEqual([])
  })

  test('whose end cannot be written are tried again after a pause, not at once', async () => {
    const world = await worldWithNode()
    const { bound } = await world.startPool('p1')
    const session = subscribe(bound)
    await world.env.settle()
    const expiresAtMs = world.env.clock.now() + 60_000
    const set = resources([{ name: 'cpus', value: 2, reservations: [{ role: 'eng', expiresAtMs }] }])
    const launch = { op: 'launch', tasks: [{ ...taskOf('t1', 2), take: resources({ cpus: 2 }) }] } as const
    const accepted = session.accept(heard(session).offers, [{ op: 'reserve', resources: set }, launch], {
      refuseMs: 3_600_000,
    })
    await world.env.settle()
    expect((await accepted)[0].ok).toBe(true)
    // The node is now smaller than what runs there, so that nothing of it can be given free.
    await world.setNode('n1', '1')
    await world.env.advance(65_000)
    expect(world.store.list(Reservation).items).toHaveLength(1)
    await world.setNode('n1', '4')
    await world.env.advance(10_000)
    expect(world.store.list(Reservation).items).toEqual([])
    expect(heard(session).offers.at(-1)?.resources.quantities()['cpus']).toBe(2)
  })
})

describe('the end of a reservation that the store did not answer to', () => {
  test('is tried again by itself', async () => {
    const world = await worldWithNode()
    const { bound } = await world.startPool('p1')
    const session = subscribe(bound)
    await world.env.settle()
    const expiresAtMs = world.env.clock.now() + 60_000
    const set = resources([{ name: 'cpus', value: 2, reservations: [{ role: 'eng', expiresAtMs }] }])
    const accepted = session.accept(heard(session).offers, [{ op: 'reserve', resources: set }])
    await world.env.settle()
    expect((await accepted)[0].ok).toBe(true)
    world.isDown = true
    await world.env.advance(65_000)
    world.isDown = false
    expect(world.store.list(Reservation).items).toHaveLength(1)
    await world.env.advance(10_000)
    expect(world.store.list(Reservation).items).toEqual([])
  })
})

describe('an accept that is being written', () => {
  test('of a framework that leaves for good meanwhile comes to nothing, and holds nothing', async () => {
    const world = await worldWithNode()
    const { bound } = await world.startPool('p1')
    const leaver = { name: 'f', id: 'f', roles: ['eng'] }
    const session = bound.pool.subscribe(leaver)
    await world.env.settle()
    const first = session.accept(heard(session).offers, [{ op: 'launch', tasks: [taskOf('t1')] }], {
      refuseMs: 0,
    })
    await world.env.settle()
    await first
    // Its node takes its time to stop it.
    await world.store.modify(Task, { namespace: NAMESPACE, name: 't1' }, draft => {
      draft.metadata.finalizers = [...draft.metadata.finalizers, 'example.com/runs']
    })
    await world.env.settle()
    const set = resources([{ name: 'cpus', value: 1, reservations: [{ role: 'eng' }] }])
    const second = session.accept(heard(session).offers, [{ op: 'reserve', resources: set }])
    session.disconnect()
    await world.env.settle()
    expect((await second)[0].problem?.code).toBe('aborted')
    const again = bound.pool.subscribe(leaver)
    await world.env.settle()
    expect(heard(again).offers.map(offer => offer.resources.quantities()['cpus'])).toEqual([3])
  })
})
