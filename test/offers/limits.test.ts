import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { AllocatorEvent, Demand } from '../../src/offers/index.js'
import { createAllocator, resources } from '../../src/offers/index.js'
import { AgentTable } from '../../src/offers/pool/agent-table.js'
import { heard, PoolWorld } from './pool-world.js'

const ROLES_MAX = 1_000
const DEPTH_MAX = 16
const SHAPES_MAX = 1_000
const FILTERS_MAX = 16
const GONE_MAX = 100_000

const roleOfDepth = (levels: number): string => Array.from({ length: levels }, (_, n) => `r${n}`).join('/')
const rolesOf = (count: number) => Array.from({ length: count }, (_, n) => ({ role: `r${n}` }))
const shapesOf = (count: number): Demand[] =>
  Array.from({ length: count }, (_, n) => ({ shape: { cpus: n + 1 }, count: 1 }))

describe('at its limit it is taken, and one more is refused by name and changes nothing', () => {
  test.each<readonly [string, (count: number) => AllocatorEvent, number, string]>([
    [
      'roles of a framework',
      count => ({ type: 'framework', id: 'f', roles: rolesOf(count) }),
      ROLES_MAX,
      'framework.roles',
    ],
    [
      'levels of a role',
      count => ({ type: 'weight', role: roleOfDepth(count), weight: 2 }),
      DEPTH_MAX,
      'role',
    ],
    [
      'shapes of a demand',
      count => ({ type: 'framework', id: 'f', roles: [{ role: 'r', demand: shapesOf(count) }] }),
      SHAPES_MAX,
      'demand',
    ],
  ])('%s', (_what, eventOf, most, field) => {
    const [full, untouched] = [createAllocator(), createAllocator()]
    full.apply(eventOf(most))
    untouched.apply(eventOf(most))
    const refused = ((): unknown => {
      try {
        return full.apply(eventOf(most + 1))
      } catch (error) {
        return error
      }
    })()
    expect(isKeelsonError(refused, 'Invalid')).toBe(true)
    expect(String(refused)).toContain(`${field}: `)
    expect(full.snapshot()).toEqual(untouched.snapshot())
  })
})

describe('tasks of a framework', () => {
  test('are at most so many, by either door, until an end is acknowledged; each one more fails by itself', async () => {
    const world = new PoolWorld({ tasksMax: 2 })
    const handle = world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    const task = (id: string) => ({ id, need: { cpus: 0.5 } })
    const claim = (id: string) => session.claim([{ agent: 'a1', tasks: [task(id)] }])
    world.pool.step()
    const { offers } = heard(session)
    const [launch] = await session.accept(offers, [{ op: 'launch', tasks: ['t1', 't2', 't3'].map(task) }], {
      refuseMs: 600_000,
    })
    expect(launch.launched).toEqual(['t1', 't2'])
    expect(launch.failed.map(({ id, problem }) => [id, problem.code])).toEqual([['t3', 'tooMany']])
    expect(claim('t4').rejected.map(({ problem }) => problem.code)).toEqual(['tooMany'])
    handle.report(session.id, { task: 't1', state: 'finished' })
    expect(claim('t4').rejected.map(({ problem }) => problem.code)).toEqual(['tooMany'])
    for (const { ack } of heard(session).updates) ack()
    expect(claim('t4').committed).toEqual(['t4'])
    const other = world.pool.subscribe({ name: 'g', roles: [{ role: 's', suppressed: true }] })
    expect(other.claim([{ agent: 'a1', tasks: [task('t1')] }]).committed, 'of another one').toEqual(['t1'])
  })
})

describe('filters of a client on one agent', () => {
  test('are at most 16: with one more, the one that ends first goes', () => {
    const allocator = createAllocator()
    allocator.apply(
      { type: 'agent', agent: { id: 'a1', resources: resources('cpus:64') } },
      { type: 'framework', id: 'f', roles: [{ role: 'r' }] },
    )
    const one = { framework: 'f', role: 'r', agent: 'a1', resources: resources('cpus:1') }
    const filters = () => allocator.snapshot().agents[0]?.filters?.map(({ untilMs }) => untilMs)
    const ends = Array.from({ length: FILTERS_MAX }, (_, n) => 10_000 + ((n * 7) % FILTERS_MAX))
    for (const untilMs of [...ends, 5_000, 20_000]) {
      allocator.apply({ type: 'take', ...one }, { type: 'return', ...one, filter: { untilMs } })
      expect(filters()?.length).toBeLessThanOrEqual(FILTERS_MAX)
    }
    expect(new Set(filters())).toEqual(new Set([...ends.filter(each => each !== 10_000), 20_000]))
  })
})

describe('ids of agents that were removed for good', () => {
  test('are remembered, the latest 100,000 of them', () => {
    const agents = new AgentTable()
    for (let n = 0; n <= GONE_MAX; n++) agents.remove(`a${n}`, true)
    expect(['a0', 'a1', `a${GONE_MAX}`].map(id => agents.standing(id))).toEqual(['unknown', 'gone', 'gone'])
  })
})
