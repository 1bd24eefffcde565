import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { AllocatorEvent } from '../../src/offers/allocator/allocator-event.js'
import type { Allocator } from '../../src/offers/index.js'
import { createAllocator, resources } from '../../src/offers/index.js'
import { heard, PoolWorld } from './pool-world.js'

/** Most names of resources in a cluster, and those that every allocator knows: cpus and mem of the minimum, gpus. */
const NAMES_MAX = 1_000
const NAMES_KNOWN = 3

function agent(id: string, text: string): AllocatorEvent {
  return { type: 'agent', agent: { id, resources: resources(text) } }
}

/** Guarantees, grants and a client; two names of resources are left. */
function almostFull(): Allocator {
  const allocator = createAllocator()
  const names = Array.from({ length: NAMES_MAX - NAMES_KNOWN - 2 }, (_, n) => `r${n}:1`)
  allocator.apply(agent('a1', 'cpus:4;mem:64'), agent('a2', names.join(';')))
  allocator.apply({ type: 'quota', role: 'q', quota: { guarantees: { cpus: 1 } } })
  allocator.apply({ type: 'framework', id: 'f', roles: [{ role: 'r' }] })
  allocator.run(0)
  allocator.apply({ type: 'agent', agent: { id: 'a3', resources: resources('cpus:8;mem:64') } })
  return allocator
}

describe('an event that is refused changes nothing', () => {
  test.each<readonly [string, AllocatorEvent]>([
    ['an agent with too many names', agent('a1', 'cpus:4;x:1;y:1;z:1')],
    ['a new agent with too many names', agent('a9', 'x:1;y:1;z:1')],
    ['an agent whose total is beyond what is counted', agent('a1', 'cpus:1000000000000')],
    [
      'quotas of which the second has too many names',
      {
        type: 'quotas',
        quotas: { q: { limits: { cpus: 2 } }, s: { limits: { x: 1, y: 1, z: 1 } } },
      },
    ],
    [
      'a quota with a guarantee above its limit',
      {
        type: 'quota',
        role: 'q',
        quota: { guarantees: { cpus: 3 }, limits: { cpus: 2 } },
      },
    ],
    ['a weight that is none, of a role that nobody has', { type: 'weight', role: 'new/role', weight: -1 }],
    [
      'a framework with a role of which the second has no name',
      {
        type: 'framework',
        id: 'g',
        roles: [{ role: 'ok' }, { role: 'not ok' }],
      },
    ],
    [
      'a framework with too many names in its demand',
      {
        type: 'framework',
        id: 'f',
        roles: [{ role: 'r', demand: [{ shape: { x: 1, y: 1, z: 1 }, count: 1 }] }],
      },
    ],
    [
      'a demand of a shape without amounts',
      { type: 'demand', framework: 'f', role: 'r', demand: [{ shape: {}, count: 1 }] },
    ],
    [
      'a demand of a shape of zeros',
      {
        type: 'demand',
        framework: 'f',
        role: 'r',
        demand: [
          { shape: { cpus: 1 }, count: 1 },
          { shape: { cpus: 0 }, count: 1 },
        ],
      },
    ],
    [
      'a return of more than is held',
      {
        type: 'return',
        framework: 'f',
        role: 'r',
        agent: 'a1',
        resources: resources('cpus:9;x:1'),
      },
    ],
    [
      'a conversion of more than is held',
      {
        type: 'convert',
        framework: 'f',
        role: 'r',
        agent: 'a1',
        from: resources('cpus:9'),
        to: resources([{ name: 'cpus', value: 9, reservations: [{ role: 'r' }] }]),
      },
    ],
  ])('%s', (_name, event) => {
    // Many agents of the largest amount, so that one more is too much.
    const [allocator, untouched] = [almostFull(), almostFull()]
    const large = Array.from({ length: 8 }, (_, n) => agent(`large${n}`, 'cpus:1000000000000'))
    for (const each of [allocator, untouched]) each.apply(...large, agent('rest', 'cpus:999999999999'))
    const refused = ((): unknown => {
      try {
        return allocator.apply(event)
      } catch (error) {
        return error
      }
    })()
    expect(isKeelsonError(refused, 'Invalid')).toBe(true)
    expect(allocator.snapshot()).toEqual(untouched.snapshot())
    expect(allocator.audit()).toEqual(untouched.audit())
    // As many names are left as before.
    for (const each of [allocator, untouched]) each.apply(agent('a4', 'cpus:1;u:1;v:1'))
    expect(allocator.run(1)).toEqual(untouched.run(1))
  })
})

describe('a resize', () => {
  const disk = { name: 'disk', reservations: [{ role: 'r' }] }
  const volume = resources([{ ...disk, value: 100, disk: { volume: { id: 'v' } } }])

  test.each([
    0.000_1,
    99.999_9,
    0,
    -1,
    100,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    1e300,
    '5' as unknown as number,
  ])('of a volume of 100 by less %d is an outcome with a problem', async by => {
    const world = new PoolWorld()
    world.pool.agent({ id: 'a1', resources: resources('cpus:1;mem:64').plus(volume) })
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const [outcome] = await session.accept(heard(session).offers, [{ op: 'shrink', volume, by }])
    expect(outcome.problem?.code).toBe('size')
    expect(world.pool.allocator.agent('a1')?.free.contains(volume)).toBe(true)
  })

  test('beyond the largest amount is one, too', async () => {
    const world = new PoolWorld()
    const addition = resources([{ ...disk, value: 1e12 }])
    world.pool.agent({ id: 'a1', resources: resources('cpus:1;mem:64').plus(volume).plus(addition) })
    const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
    world.pool.step()
    const [outcome] = await session.accept(heard(session).offers, [{ op: 'grow', volume, addition }])
    expect(outcome.problem?.code).toBe('size')
  })
})

describe('claims of resources that no agent has', () => {
  test('are refused one by one, and take no names from those that are there', () => {
    const world = new PoolWorld()
    world.agent('a1')
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    for (let n = 0; n <= NAMES_MAX; n++) {
      const task = { id: `t${n}`, need: { [`r${n}`]: 1 } }
      const { rejected } = session.claim([{ agent: 'a1', tasks: [task] }])
      expect(rejected.map(({ problem }) => [problem.code, problem.params])).toEqual([
        ['conflict', { resource: `r${n}`, free: 0, asked: 1 }],
      ])
    }
    expect(() => world.agent('a2', 'cpus:1;licences:1')).not.toThrow()
  })
})
