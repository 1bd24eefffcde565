import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Allocator, AllocatorEvent } from '../../src/offers/index.js'
import { createAllocator, resources } from '../../src/offers/index.js'

/** `rich` claims 3 of the 4 cpus of an agent, half of a cluster, while `poor` waits for 2. */
function verdictWhere(...more: readonly AllocatorEvent[]): string {
  const allocator = createAllocator({ scarce: ['gpus'] })
  allocator.apply(
    { type: 'agent', agent: { id: 'a1', resources: resources('cpus:4'), attributes: { zone: 'z1' } } },
    { type: 'agent', agent: { id: 'a2', resources: resources('cpus:4'), attributes: { zone: 'z2' } } },
    { type: 'framework', id: 'rich', roles: [{ role: 'r' }] },
    { type: 'framework', id: 'poor', roles: [{ role: 'p' }] },
    { type: 'demand', framework: 'poor', role: 'p', demand: [{ shape: { cpus: 2 }, count: 1 }] },
    ...more,
  )
  const role = [...roleOfRich(more)].at(-1) ?? 'r'
  return claimed(allocator, { framework: 'rich', role, cpus: 3 })
}

function* roleOfRich(events: readonly AllocatorEvent[]): Generator<string> {
  for (const event of events)
    if (event.type === 'framework' && event.id === 'rich') yield event.roles[0]!.role
}

function claimed(
  allocator: Allocator,
  { framework, role, cpus }: { framework: string; role: string; cpus: number },
): string {
  const verdict = allocator.claim({
    framework,
    role,
    agent: 'a1',
    resources: resources({ cpus }),
    pick: true,
  })
  return 'take' in verdict ? 'taken' : verdict.code
}

const onlyZone2 = [[{ attribute: 'zone', operator: 'equals', value: 'z2' }]] as const

describe('a claim is outranked by who waits for what it could be given', () => {
  test.each<[string, string, AllocatorEvent[]]>([
    ['it could be given it', 'outranked', []],
    [
      'its constraints exclude the agent',
      'taken',
      [{ type: 'framework', id: 'poor', roles: [{ role: 'p', constraints: onlyZone2 }] }],
    ],
    ['its limit is below the task', 'taken', [{ type: 'quota', role: 'p', quota: { limits: { cpus: 1 } } }]],
    [
      'it declined the agent',
      'taken',
      [
        { type: 'take', framework: 'poor', role: 'p', agent: 'a1', resources: resources('cpus:4') },
        {
          type: 'return',
          framework: 'poor',
          role: 'p',
          agent: 'a1',
          resources: resources('cpus:4'),
          filter: { untilMs: 'changed' },
        },
      ],
    ],
    [
      'the agent has a scarce resource that it does not use',
      'taken',
      [
        { type: 'agent', agent: { id: 'a1', resources: resources('cpus:4;gpus:1') } },
        { type: 'framework', id: 'rich', roles: [{ role: 'r' }], uses: ['gpus'] },
      ],
    ],
    [
      'what is offered is never as small as its minimum',
      'taken',
      [{ type: 'framework', id: 'poor', roles: [{ role: 'p', minAllocatable: [{ cpus: 8 }] }] }],
    ],
    [
      'it shares a limit with the claimant that has room for one of them',
      'outranked',
      [
        {
          type: 'framework',
          id: 'poor',
          roles: [{ role: 'x/p', demand: [{ shape: { cpus: 1 }, count: 1 }] }],
        },
        { type: 'framework', id: 'rich', roles: [{ role: 'x/r' }] },
        { type: 'quota', role: 'x', quota: { limits: { cpus: 3 } } },
      ],
    ],
    [
      'part of what it needs is reserved for the claimant, which takes no more than that',
      'taken',
      [{ type: 'agent', agent: { id: 'a1', resources: resources('cpus(r):3;cpus:1') } }],
    ],
  ])('%s: %s', (_title, verdict, events) => {
    expect(verdictWhere(...events)).toBe(verdict)
  })
})

const FRAMEWORKS = ['f', 'g', 'h'] as const

const arbitraryWorld = fc.record({
  agents: fc.array(
    fc.record({
      cpus: fc.integer({ min: 4, max: 8 }),
      reserved: fc.integer({ min: 0, max: 2 }),
      zone: fc.nat(1),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  frameworks: fc.tuple(...FRAMEWORKS.map(() => arbitraryFramework())),
  limitOfAll: fc.constantFrom(undefined, undefined, 6, 9),
  claim: fc.record({ cpus: fc.integer({ min: 2, max: 6 }), agent: fc.nat(1) }),
})

function arbitraryFramework() {
  return fc.record({
    weight: fc.integer({ min: 1, max: 3 }),
    demand: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 2 }),
    zone: fc.constantFrom(undefined, undefined, 0, 1),
    limit: fc.constantFrom(undefined, undefined, undefined, 2, 4, 6),
    guarantee: fc.constantFrom(undefined, undefined, 1, 2),
    minimum: fc.constantFrom(1, 1, 4),
    suppressed: fc.constantFrom(false, false, true),
    has: fc.nat(2),
  })
}

type World = typeof arbitraryWorld extends fc.Arbitrary<infer T> ? T : never

function allocatorOf({ agents, frameworks, limitOfAll }: World): Allocator {
  const allocator = createAllocator({ minAllocatable: [{ cpus: 1 }] })
  for (const [index, { cpus, reserved, zone }] of agents.entries()) {
    const text = reserved === 0 ? `cpus:${cpus}` : `cpus:${cpus};cpus(all/g):${reserved}`
    allocator.apply({
      type: 'agent',
      agent: { id: `a${index}`, resources: resources(text), attributes: { zone: `z${zone}` } },
    })
  }
  if (limitOfAll !== undefined)
    allocator.apply({ type: 'quota', role: 'all', quota: { limits: { cpus: limitOfAll } } })
  for (const [index, framework] of frameworks.entries()) {
    const id = FRAMEWORKS[index]!
    const { weight, demand, zone, limit, guarantee, minimum, suppressed, has } = framework
    const role = `all/${id}`
    const constraints =
      zone === undefined
        ? {}
        : { constraints: [[{ attribute: 'zone', operator: 'equals' as const, value: `z${zone}` }]] }
    allocator.apply(
      { type: 'weight', role, weight },
      {
        type: 'framework',
        id,
        roles: [{ role, minAllocatable: [{ cpus: minimum }], suppressed, ...constraints }],
      },
      { type: 'demand', framework: id, role, demand: demand.map(cpus => ({ shape: { cpus }, count: 1 })) },
    )
    if (limit !== undefined || guarantee !== undefined)
      allocator.apply({
        type: 'quota',
        role,
        quota: {
          ...(limit === undefined ? {} : { limits: { cpus: limit } }),
          ...(guarantee === undefined || (limit ?? 9) < guarantee ? {} : { guarantees: { cpus: guarantee } }),
        },
      })
    if (has > 0 && has <= (allocator.agent('a0')!.free.quantities()['cpus'] ?? 0)) {
      const taken = allocator.agent('a0')!.free.take({ cpus: has }, role)
      if (taken !== undefined)
        allocator.apply({ type: 'take', framework: id, role, agent: 'a0', resources: taken })
    }
  }
  return allocator
}

/** How many cpus of an agent a pass would grant a framework, if it were alone in asking. */
function couldHave(allocator: Allocator, id: string, agent: string): number {
  const alone = allocator.fork()
  for (const other of FRAMEWORKS)
    if (other !== id) alone.apply({ type: 'frameworkState', id: other, active: false })
  const grants = alone.run(0, [agent]).filter(grant => grant.framework === id)
  return grants.reduce((sum, grant) => sum + (grant.resources.quantities()['cpus'] ?? 0), 0)
}

function cpusOf(allocator: Allocator, id: string): number {
  const held = [...allocator.agents()].map(agent => allocator.held(id, `all/${id}`, agent.id))
  return held.reduce((sum, each) => sum + (each.quantities()['cpus'] ?? 0), 0)
}

test('an oracle that runs a pass for each of the others alone, before and after, agrees', () => {
  const seen: Record<string, number> = {}
  fc.assert(
    fc.property(arbitraryWorld, world => {
      const allocator = allocatorOf(world)
      const agent = `a${Math.min(world.claim.agent, world.agents.length - 1)}`
      const { cpus } = world.claim
      const before = allocator.fork()
      const snapshot = JSON.stringify(allocator.snapshot())
      const request = { framework: 'f', role: 'all/f', agent, resources: resources({ cpus }), pick: true }
      const verdict = allocator.claim(request)
      const code = 'take' in verdict ? 'taken' : verdict.code
      seen[code] = (seen[code] ?? 0) + 1
      if (code !== 'taken') expect(JSON.stringify(allocator.snapshot())).toBe(snapshot)
      if (code !== 'taken' && code !== 'outranked') return
      const take = before.agent(agent)!.free.take({ cpus }, 'all/f')!
      const after = before.fork()
      after.apply({ type: 'take', framework: 'f', role: 'all/f', agent, resources: take })
      const share = (id: string, more: number): number =>
        (cpusOf(before, id) + more) / world.frameworks[FRAMEWORKS.indexOf(id as 'f')]!.weight
      const outranked = ['g', 'h'].some(id =>
        world.frameworks[FRAMEWORKS.indexOf(id as 'f')]!.demand.some(
          task =>
            share(id, task) < share('f', cpus) &&
            couldHave(before, id, agent) >= task &&
            couldHave(after, id, agent) < task,
        ),
      )
      expect(code).toBe(outranked ? 'outranked' : 'taken')
    }),
    { numRuns: 100, seed: 7 },
  )
  expect(seen['outranked']).toBeGreaterThan(4)
  expect(seen['taken']).toBeGreaterThan(15)
})
