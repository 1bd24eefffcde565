import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  NodeDescription,
  NodeScorePlugin,
  PlacementRequest,
  Profile,
} from '../../src/scheduling/index.js'
import {
  balancedAllocation,
  createScheduler,
  fewestTasks,
  leastAllocated,
  mostAllocated,
  nativeFilters,
  packProfile,
  spreadProfile,
} from '../../src/scheduling/index.js'

const RUNS = Number(process.env['SCHEDULING_RUNS'] ?? 60)
const NODES = 90
const nameOf = (index: number): string => `n${String(index).padStart(2, '0')}`

/** Few different amounts make ties, odd ones make sums that are rounded, zeros leave resources out. */
const amount = fc.oneof(
  fc.constantFrom(0, 1, 1_000, 4_000),
  fc.nat(5_000),
  fc.constantFrom(2 ** 40, 2 ** 40 + 1),
)

const named = {
  name: fc.nat(NODES - 1).map(nameOf),
  allocatable: fc.oneof(
    { weight: 5, arbitrary: fc.constant({ cpu: 4_000, memory: 3_000 }) },
    { weight: 3, arbitrary: fc.record({ cpu: amount, memory: amount }) },
    {
      weight: 2,
      arbitrary: fc.record(
        { cpu: amount, memory: amount, gpu: fc.nat(3), disk: amount, pods: fc.nat(6) },
        { requiredKeys: [] },
      ),
    },
  ),
  labels: fc.record({ zone: fc.constantFrom('x', 'y') }),
}

/** Most nodes are open to most requests, so that there are many boxes. */
const node = fc.oneof(
  { weight: 6, arbitrary: fc.record(named) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        ...named,
        taints: fc.array(
          fc.record({
            key: fc.constantFrom('a', 'b'),
            effect: fc.constantFrom('NoSchedule', 'PreferNoSchedule'),
          }),
          { maxLength: 2 },
        ),
        unschedulable: fc.boolean(),
        devices: fc.constant([
          { id: 'd0', kind: 'gpu' },
          { id: 'd1', kind: 'gpu' },
        ]),
        hostPorts: fc.constant([{ port: 80 }]),
        unreadable: fc.constant('it says nonsense'),
      },
      { requiredKeys: ['name', 'allocatable'] },
    ),
  },
) as fc.Arbitrary<NodeDescription>

const requests = fc.oneof(
  fc.record({ cpu: fc.nat(900), memory: fc.nat(900) }),
  fc.record({ cpu: fc.nat(9), memory: fc.nat(9) }),
  fc.record({ cpu: amount, memory: amount, gpu: fc.nat(2), disk: fc.nat(90) }, { requiredKeys: [] }),
)

type Wanted = Omit<PlacementRequest, 'key'>

/** Most requests are alike in what static plugins read, so that their nodes are kept sorted. */
const request = fc.oneof(
  { weight: 6, arbitrary: fc.record({ requests }) },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        requests,
        group: fc.constantFrom('g', 'h'),
        hostPorts: fc.constantFrom([{ port: 80 }], [{ port: 8080 }], [{ port: 0, range: [90, 92] }]),
        devices: fc.constantFrom([{ kind: 'gpu' }], [{ kind: 'gpu', count: 2 }]),
      },
      { requiredKeys: ['requests'] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      requests,
      nodeSelector: fc.constant({ matchLabels: { zone: 'x' } }),
      tolerations: fc.constantFrom([], [{ key: 'a', operator: 'Exists' }]),
      preferences: fc.constant([{ weight: 3, selector: { matchLabels: { zone: 'y' } } }]),
    }),
  },
) as fc.Arbitrary<Wanted>

const name = fc.nat(NODES - 1).map(nameOf)

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('node' as const), node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dropNode' as const), name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('dropTask' as const), which: fc.nat(160) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('addTask' as const), name, request, which: fc.nat(160) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('whatIf' as const), request }) },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('place' as const), request }) },
)

/** The same scores, which do not say what they are at most: every class looks at every node. */
function withoutSearch(profile: Profile): Profile {
  const scores = profile.scores.map(({ plugin, weight }) => {
    const { name: own, locality, applies, score } = plugin as NodeScorePlugin
    if ('terms' in plugin) return { plugin, weight }
    const plain: NodeScorePlugin = {
      name: own,
      locality,
      score,
      ...(applies === undefined ? {} : { applies }),
    }
    return { plugin: plain, weight }
  })
  // Without `reads`, no two requests share what a static filter says, so that there is no search without scores either.
  const filters = profile.filters.map(plugin =>
    plugin.locality === 'static' ? { ...plugin, reads: undefined } : plugin,
  ) as Profile['filters']
  return { ...profile, filters, scores }
}

const own = (...scores: Profile['scores']): Profile => ({ name: 'own', filters: nativeFilters(), scores })
const whole = { rounding: 'whole' } as const
const gpuFirst = { resources: [{ name: 'gpu', weight: 5 }, { name: 'cpu' }, { name: 'memory', weight: 2 }] }

describe.each<[string, Profile]>([
  ['spread', spreadProfile()],
  ['pack', packProfile()],
  [
    'whole',
    own({ plugin: leastAllocated(whole), weight: 1 }, { plugin: balancedAllocation(whole), weight: 1 }),
  ],
  [
    'exact and whole',
    own({ plugin: leastAllocated(), weight: 1 }, { plugin: balancedAllocation(whole), weight: 1 }),
  ],
  [
    'large weights',
    own({ plugin: leastAllocated(), weight: 99_999 }, { plugin: balancedAllocation(), weight: 99_999 }),
  ],
  [
    'weighted resources',
    own({ plugin: leastAllocated(gpuFirst), weight: 2 }, { plugin: balancedAllocation(gpuFirst), weight: 1 }),
  ],
  [
    'pack evenly',
    own(
      { plugin: mostAllocated(gpuFirst), weight: 2 },
      { plugin: balancedAllocation(), weight: 1 },
      { plugin: fewestTasks(), weight: 0.01 },
    ),
  ],
  ['no score', own()],
])('%s', (_name, profile) => {
  test('the search finds the node that a look at every node finds, whatever has happened to the cluster', () => {
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 90, maxLength: 240 }),
        fc.array(step, { minLength: 80, maxLength: 240 }),
        (nodes, steps) => {
          const both = [
            createScheduler({ profile }),
            createScheduler({ profile: withoutSearch(profile) }),
          ] as const
          const agree = (ask: (one: (typeof both)[number]) => unknown): void => {
            const [answer, expected] = both.map(one => {
              try {
                return ask(one)
              } catch (error) {
                return (error as Error).message
              }
            })
            expect(answer).toEqual(expected)
          }
          const setNode = (described: NodeDescription): void =>
            agree(one =>
              one.node(described.name) === undefined ? one.addNode(described) : one.updateNode(described),
            )
          for (const one of nodes) setNode(one)
          for (const [at, one] of steps.entries()) {
            if (one.kind === 'node') setNode(one.node)
            else if (one.kind === 'dropNode') agree(scheduler => scheduler.removeNode(one.name))
            else if (one.kind === 'dropTask') agree(scheduler => scheduler.removeTask(`t${one.which}`))
            else if (one.kind === 'addTask')
              agree(scheduler => {
                const { hostPorts: _, devices: __, ...plain } = one.request
                scheduler.addTask({ ...plain, key: `t${one.which}`, node: one.name })
              })
            else if (one.kind === 'whatIf')
              agree(scheduler => {
                const fork = scheduler.fork()
                return [1, 2, 3].map(which => fork.place({ ...one.request, key: `f${which}` }))
              })
            else agree(scheduler => scheduler.place({ ...one.request, key: `p${at}` }))
          }
        },
      ),
      { numRuns: RUNS },
    )
  })
})
