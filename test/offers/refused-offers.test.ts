import { describe, expect, test } from 'vitest'
import type { Offer, Operation, Resource, Session, TaskState } from '../../src/offers/index.js'
import { resources } from '../../src/offers/index.js'
import { heard, PoolWorld } from './pool-world.js'

const TIMEOUT_MS = 10_000
const LAUNCH = { op: 'launch', tasks: [{ id: 't1', need: { cpus: 1 } }] } as const

/** A framework of two roles with an offer for each and a second one of the first, and another framework with its own. */
interface Scene {
  readonly world: PoolWorld
  readonly session: Session
  /** By role. */
  readonly own: Readonly<Record<string, readonly Offer[]>>
  readonly other: Session
  readonly foreign: Offer
}

async function scene(): Promise<Scene> {
  const world = new PoolWorld({ offerTimeoutMs: TIMEOUT_MS })
  const session = world.pool.subscribe({
    name: 'f',
    id: 'f',
    roles: ['r1', { role: 'r2', suppressed: true }],
  })
  world.agent('a1', 'cpus:4;mem:64')
  world.agent('a2', 'cpus:4;mem:64')
  world.pool.step()
  const r1 = heard(session).offers
  session.suppress('r1')
  session.revive('r2')
  world.agent('a3', 'cpus:4;mem:64')
  world.pool.step()
  const r2 = heard(session).offers
  session.suppress()
  const other = world.pool.subscribe({ name: 'g', id: 'g', roles: ['r3'] })
  world.agent('a4', 'cpus:4;mem:64')
  world.pool.step()
  const [foreign] = heard(other).offers
  return { world, session, own: { r1, r2 }, other, foreign: foreign! }
}

describe('an accept of offers that are no good', () => {
  test.each<readonly [string, (of: Scene) => readonly (Offer | string)[], string]>([
    ['one that another framework has', ({ own, foreign }) => [own['r1']![0]!, foreign], 'notOwner'],
    ['one that is named twice', ({ own }) => [own['r1']![0]!, own['r1']![0]!], 'duplicate'],
    ['one that nobody has', ({ own }) => [own['r1']![0]!, 'offer-0'], 'unknown'],
    ['two of different roles', ({ own }) => [own['r1']![0]!, own['r2']![0]!], 'roleMismatch'],
    ['two of different agents', ({ own }) => [own['r1']![0]!, own['r1']![1]!], 'agentMismatch'],
  ])('%s, fails as a whole, and leaves the other framework alone', async (_name, choose, code) => {
    const of = await scene()
    const { world, session, other, foreign } = of
    const chosen = choose(of)
    const [outcome] = await session.accept(chosen, [LAUNCH])
    expect(outcome).toMatchObject({ launched: [], failed: [{ id: 't1', problem: { code } }] })
    expect(outcome.failed[0]?.problem.message).not.toBe('')
    expect(world.calls).toEqual([])
    // Its own come back at once: they are over, and free.
    for (const offer of chosen)
      if (typeof offer !== 'string' && offer !== foreign)
        expect(world.pool.allocator.agent(offer.agent.id)?.free.quantities()['cpus']).toBe(4)
    const [launch] = await other.accept([foreign], [LAUNCH])
    expect(launch.launched).toEqual(['t1'])
  })

  test('one that expired meanwhile is like one that was never there', async () => {
    const { world, session, own } = await scene()
    await world.stepAt(world.nowMs + TIMEOUT_MS)
    const [outcome] = await session.accept([own['r1']![0]!], [LAUNCH])
    expect(outcome.failed[0]?.problem).toMatchObject({
      code: 'unknown',
      params: { offer: own['r1']![0]!.id },
    })
    expect(world.calls).toEqual([])
  })

  test('a decline of what another framework has gives nothing back', async () => {
    const { session, own, foreign, other } = await scene()
    expect(() => session.decline([own['r1']![0]!, foreign])).toThrow(
      `offer ${foreign.id} is another framework's`,
    )
    expect((await session.accept([own['r1']![0]!], [LAUNCH]))[0].launched).toEqual(['t1'])
    expect((await other.accept([foreign], [LAUNCH]))[0].launched).toEqual(['t1'])
  })
})

const disk = (role: string, shared = false): Resource => ({
  name: 'disk',
  value: 10,
  reservations: [{ role }],
  disk: { volume: { id: 'v1', shared } },
})

describe('an operation that does not fit', () => {
  test.each<readonly [string, Operation, string]>([
    ['more than is offered', { op: 'launch', tasks: [{ id: 't1', need: { cpus: 64 } }] }, 'notContained'],
    [
      'a reservation for another role',
      { op: 'reserve', resources: resources([{ name: 'cpus', value: 1, reservations: [{ role: 'ops' }] }]) },
      'roleMismatch',
    ],
    ['a volume on what is not reserved', { op: 'create', volumes: resources([disk('r')]) }, 'notContained'],
    [
      'an end of a reservation that is not there',
      {
        op: 'unreserve',
        resources: resources([{ name: 'cpus', value: 1, reservations: [{ role: 'r' }] }]),
      },
      'notContained',
    ],
  ])('%s, is refused alone, and what comes after it is done', async (_name, operation, code) => {
    const world = new PoolWorld()
    world.agent('a1', 'cpus:4;mem:64;disk:100')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const [first, launch] = await session.accept(heard(session).offers, [
      operation,
      { op: 'launch', tasks: [{ id: 't2', need: { cpus: 1 } }] },
    ])
    const problem = first!.op === 'launch' ? first!.failed[0]?.problem : first!.problem
    expect(problem?.code).toBe(code)
    expect(launch.launched).toEqual(['t2'])
  })

  test('a shared volume that a task uses is not destroyed, and is once the task has ended', async () => {
    const world = new PoolWorld()
    const volume = resources([disk('r', true)])
    const handle = world.pool.agent({ id: 'a1', resources: resources('cpus:4;mem:64').plus(volume) })
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const take = volume.plus(resources({ cpus: 1 }))
    await session.accept(heard(session).offers, [{ op: 'launch', tasks: [{ id: 't1', need: {}, take }] }], {
      refuseMs: 0,
    })
    const destroy = async (): Promise<string | undefined> => {
      world.pool.step()
      const [outcome] = await session.accept(heard(session).offers, [{ op: 'destroy', volumes: volume }], {
        refuseMs: 0,
      })
      return outcome.problem?.code
    }
    expect(await destroy()).toBe('volumeInUse')
    handle.report(session.id, { task: 't1', state: 'finished' })
    expect(await destroy()).toBeUndefined()
  })
})

describe('a report', () => {
  test.each<readonly [string, readonly TaskState[], readonly TaskState[]]>([
    ['that comes after the end', ['running', 'finished', 'running', 'failed'], ['running', 'finished']],
    [
      'of an earlier state counts: the latest word of its node',
      ['running', 'starting'],
      ['running', 'starting'],
    ],
    ['that says nothing new', ['running', 'running', 'unknown'], ['running']],
  ])('%s', (_name, reports, told) => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    session.claim([{ agent: 'a1', tasks: [{ id: 't1', need: { cpus: 1 } }] }])
    for (const state of reports) handle.report(session.id, { task: 't1', state })
    const states: TaskState[] = []
    for (let { updates } = heard(session); updates.length > 0; { updates } = heard(session))
      for (const { update, ack } of updates) {
        states.push(update.state)
        ack()
      }
    expect(states).toEqual(told)
    const has = world.pool.allocator.held(session.id, 'r', 'a1').isEmpty
    expect(has).toBe(told.at(-1) === 'finished')
  })

  test('of a task that nobody has is told to be none, and changes nothing', () => {
    const world = new PoolWorld()
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    const before = world.pool.allocator.snapshot()
    expect(handle.report(session.id, { task: 't9', state: 'running' })).toBe(false)
    expect(handle.report('nobody', { task: 't1', state: 'running' })).toBe(false)
    expect(world.pool.allocator.snapshot()).toEqual(before)
    expect(heard(session).updates).toEqual([])
  })
})
