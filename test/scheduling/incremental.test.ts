import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  DomainFilterPlugin,
  GlobalFilterPlugin,
  NodeDescription,
  PlacementRequest,
  Profile,
  TaskPlacement,
} from '../../src/scheduling/index.js'
import {
  createScheduler,
  kubernetesProfile,
  leastAllocated,
  leastFragmentation,
  nativeFilters,
  nomadProfile,
  packProfile,
  siblingSpread,
  spreadProfile,
  swarmProfile,
} from '../../src/scheduling/index.js'
import { NodeTable } from '../../src/scheduling/nodes/node-table.js'
import { furnishedNodeArbitrary, nodeNames, relatedRequestArbitrary } from './cluster-arbitrary.js'
import { fullScan } from './full-scan.js'

type Step =
  | { readonly kind: 'node'; readonly node: NodeDescription }
  | { readonly kind: 'dropNode'; readonly name: string }
  | { readonly kind: 'bind'; readonly request: PlacementRequest; readonly node: string }
  | { readonly kind: 'dropTask'; readonly key: string }
  | { readonly kind: 'place'; readonly request: PlacementRequest }

const keys = Array.from({ length: 12 }, (_, index) => `t${index}`)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('node' as const), node: furnishedNodeArbitrary() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('dropNode' as const), name: fc.constantFrom(...nodeNames) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('bind' as const),
      request: relatedRequestArbitrary(keys),
      node: fc.constantFrom(...nodeNames),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('dropTask' as const), key: fc.constantFrom(...keys) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('place' as const), request: relatedRequestArbitrary(keys) }),
  },
)

/** As a user may write it: no more than two of one group in a zone. */
const twoPerZone: DomainFilterPlugin = {
  name: 'two-per-zone',
  locality: 'domain',
  applies: request => request.group !== undefined,
  terms: ({ group = '' }) => [{ attribute: 'zone', tasks: { group } }],
  filter: (_request, node, domains) =>
    domains.count(0, node) < 2
      ? undefined
      : [{ code: 'ZoneFull', message: 'node(s) in a full zone', unresolvable: false }],
}

/** Not on the fullest node, whichever that is. */
const notTheFullest: GlobalFilterPlugin = {
  name: 'not-the-fullest',
  locality: 'global',
  filter: (_request, node, cluster) => {
    const most = Math.max(...[...cluster.nodes()].map(({ taskCount }) => taskCount))
    return most === 0 || node.taskCount < most
      ? undefined
      : [{ code: 'Fullest', message: 'node(s) with the most tasks', unresolvable: false }]
  },
}

const own = (combine: Profile['combine'] & {}, more: Profile['filters'] = []): Profile => ({
  name: combine,
  filters: [...nativeFilters(), ...more],
  scores: [
    { plugin: siblingSpread(), weight: 1 },
    { plugin: leastAllocated(), weight: 1 },
  ],
  combine,
})

describe.each<[string, Profile]>([
  ['pack', packProfile()],
  ['spread', spreadProfile()],
  ['kubernetes', kubernetesProfile()],
  ['mean', own('mean')],
  [
    'fragmentation',
    {
      ...own('sum'),
      scores: [
        {
          plugin: leastFragmentation({ resource: 'gpu', mix: [{ requests: { cpu: 2, gpu: 1 }, weight: 1 }] }),
          weight: 1,
        },
      ],
    },
  ],
  ['nomad', nomadProfile()],
  ['swarm', swarmProfile()],
  ['lexicographic', own('lexicographic')],
  ['own domain filter', own('sum', [twoPerZone])],
  ['own global filter', own('sum', [notTheFullest])],
])('%s', (_name, profile) => {
  test('what is remembered of the nodes gives the answers of a full scan', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), fc.integer({ min: 1, max: 20 }), (steps, classesMax) => {
        const scheduler = createScheduler({ profile, classesMax })
        const nodes = new Map<string, NodeDescription>()
        const tasks = new Map<string, TaskPlacement>()
        for (const one of steps) {
          switch (one.kind) {
            case 'node':
              if (nodes.has(one.node.name)) scheduler.updateNode(one.node)
              else scheduler.addNode(one.node)
              nodes.set(one.node.name, one.node)
              break
            case 'dropNode':
              scheduler.removeNode(one.name)
              nodes.delete(one.name)
              break
            case 'bind':
              scheduler.addTask({ ...one.request, node: one.node })
              tasks.set(one.request.key, { ...one.request, node: one.node })
              break
            case 'dropTask':
              scheduler.removeTask(one.key)
              tasks.delete(one.key)
              break
            case 'place': {
              if (tasks.has(one.request.key)) break
              const wanted = fullScan([...nodes.values()], [...tasks.values()], one.request, profile)
              const result = scheduler.place(one.request)
              if (result.kind === 'placed') {
                const { node, score, scores } = result
                expect({ node, score, scores }).toEqual({
                  node: wanted.node,
                  score: wanted.total,
                  scores: wanted.scores,
                })
                tasks.set(one.request.key, { ...one.request, node })
              } else expect([wanted.node, result.reasons]).toEqual([undefined, wanted.reasons])
            }
          }
        }
      }),
      { numRuns: Number(process.env['SCHEDULING_RUNS'] ?? 60) },
    )
  })
})

test('a node that comes after another went does not take its place among the sorted', () => {
  const scheduler = createScheduler()
  const names = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6']
  for (const name of names) scheduler.addNode({ name, allocatable: { cpu: 10 } })
  const fits = (): boolean => scheduler.fitsAnywhere({ key: 'probe', requests: { cpu: 1 } })
  expect(fits()).toBe(true)
  scheduler.addTask({ key: 'a', node: 'n2', requests: { cpu: 1 } })
  expect(fits()).toBe(true)
  scheduler.addTask({ key: 'b', node: 'n0', requests: { cpu: 1 } })
  scheduler.removeNode('n1')
  scheduler.addNode({ name: 'z9', allocatable: { cpu: 10 } })
  expect(scheduler.place({ key: 'c', requests: { cpu: 1 } })).toMatchObject({ node: 'n3' })
})

test('slots of nodes that went are used again', () => {
  const table = new NodeTable()
  for (let round = 0; round < 1_000; round++) {
    const row = table.add({ name: `n${round}`, allocatable: { cpu: 1 } })
    table.remove(row)
  }
  expect(table.slotCount).toBeLessThan(200)
})

test('versions do not see each other, in whatever order they are used', () => {
  const change = fc.record({
    version: fc.nat(3),
    fork: fc.boolean(),
    key: fc.constantFrom(...keys),
    node: fc.option(fc.constantFrom(...nodeNames), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), changes => {
      const first = createScheduler()
      for (const name of nodeNames) first.addNode({ name, allocatable: { cpu: 5 } })
      const versions = [{ scheduler: first, tasks: new Map<string, string>() }]
      for (const { version, fork, key, node } of changes) {
        const one = versions[version % versions.length] as (typeof versions)[number]
        if (fork && versions.length < 4)
          versions.push({ scheduler: one.scheduler.fork(), tasks: new Map(one.tasks) })
        if (node === undefined) {
          one.scheduler.removeTask(key)
          one.tasks.delete(key)
        } else {
          one.scheduler.addTask({ key, node, requests: { cpu: 1 } })
          one.tasks.set(key, node)
        }
      }
      for (const { scheduler, tasks } of versions) {
        const placed = nodeNames.flatMap(name =>
          scheduler.tasksOn(name).map(task => [task.key, name] as const),
        )
        expect(new Map(placed)).toEqual(tasks)
        const free = scheduler.explain({ key: 'probe', requests: { cpu: 5 } })
        for (const { node, fits } of free.nodes)
          expect(fits, node).toBe([...tasks.values()].every(name => name !== node))
      }
    }),
  )
})
