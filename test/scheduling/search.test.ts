import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BoxTree } from '../../src/scheduling/classes/box-tree.js'
import type {
  NodeDescription,
  NodeScorePlugin,
  PlacementRequest,
  Profile,
  TaskPlacement,
} from '../../src/scheduling/index.js'
import {
  balancedAllocation,
  createScheduler,
  leastAllocated,
  mostAllocated,
  nativeFilters,
  packProfile,
  spreadProfile,
} from '../../src/scheduling/index.js'

const NODES = 90
const nameOf = (index: number): string => `n${String(index).padStart(2, '0')}`

const node: fc.Arbitrary<NodeDescription> = fc.record({
  name: fc.nat(NODES - 1).map(nameOf),
  allocatable: fc.oneof(
    { weight: 6, arbitrary: fc.constant({ cpu: 4_000, memory: 3_000 }) },
    fc.record({ cpu: fc.constantFrom(0, 2_000, 8_000), memory: fc.constant(6_400), pods: fc.nat(6) }),
    fc.record({ cpu: fc.nat(5_000), memory: fc.nat(5_000), gpu: fc.nat(3) }),
  ),
  taints: fc.array(
    fc.record({ key: fc.constant('a'), effect: fc.constantFrom('NoSchedule', 'PreferNoSchedule') }),
    { maxLength: 1 },
  ),
  labels: fc.record({ zone: fc.constantFrom('x', 'y') }),
})

const tens = (count: number): number => count * 10

const amounts = fc.record(
  { cpu: fc.nat({ max: 90 }).map(tens), memory: fc.nat({ max: 90 }).map(tens), gpu: fc.nat(1) },
  { requiredKeys: ['cpu', 'memory'] },
)

const request: fc.Arbitrary<Omit<PlacementRequest, 'key'>> = fc.record(
  {
    requests: amounts,
    group: fc.constantFrom('g', 'h'),
    nodeSelector: fc.constantFrom({}, { matchLabels: { zone: 'x' } }),
  },
  { requiredKeys: ['requests'] },
)

type Step =
  | { readonly kind: 'node'; readonly node: NodeDescription }
  | { readonly kind: 'dropNode'; readonly name: string }
  | { readonly kind: 'dropTask'; readonly which: number }
  | { readonly kind: 'place'; readonly request: Omit<PlacementRequest, 'key'> }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('node' as const), node }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('dropNode' as const), name: fc.nat(NODES - 1).map(nameOf) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('dropTask' as const), which: fc.nat(99) }) },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('place' as const), request }) },
)

/** The same scores, which do not say what they are at most: every class looks at every node. */
function withoutSearch(profile: Profile): Profile {
  const scores = profile.scores.map(({ plugin, weight }) => {
    const { name, locality, applies, score } = plugin as NodeScorePlugin
    if (locality === undefined || 'terms' in plugin) return { plugin, weight }
    const plain: NodeScorePlugin = { name, locality, score, ...(applies === undefined ? {} : { applies }) }
    return { plugin: plain, weight }
  })
  return { ...profile, scores }
}

const whole = { rounding: 'whole' } as const
const ownProfile = (scores: Profile['scores']): Profile => ({ name: 'own', filters: nativeFilters(), scores })

describe.each<[string, Profile]>([
  ['spread', spreadProfile()],
  ['pack', packProfile()],
  [
    'whole percent',
    ownProfile([
      { plugin: leastAllocated(whole), weight: 1 },
      { plugin: balancedAllocation(whole), weight: 1 },
    ]),
  ],
  [
    'balance above all',
    ownProfile([
      { plugin: balancedAllocation(), weight: 5 },
      { plugin: leastAllocated(), weight: 1 },
    ]),
  ],
  ['one resource', ownProfile([{ plugin: mostAllocated({ resources: [{ name: 'cpu' }] }), weight: 2 }])],
])('%s', (_name, profile) => {
  test('a search among sorted nodes finds the node that a look at every node finds', () => {
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 60, maxLength: 120 }),
        fc.array(step, { minLength: 60, maxLength: 120 }),
        (nodes, steps) => {
          const scheduler = createScheduler({ profile })
          const other = createScheduler({ profile: withoutSearch(profile) })
          const setNode = (described: NodeDescription): void => {
            for (const one of [scheduler, other])
              if (one.node(described.name) === undefined) one.addNode(described)
              else one.updateNode(described)
          }
          for (const one of nodes) setNode(one)
          for (const [at, one] of steps.entries()) {
            if (one.kind === 'node') setNode(one.node)
            else if (one.kind === 'dropNode') {
              expect(scheduler.removeNode(one.name)).toBe(other.removeNode(one.name))
            } else if (one.kind === 'dropTask') {
              expect(scheduler.removeTask(`t${one.which}`)).toBe(other.removeTask(`t${one.which}`))
            } else {
              const asked = { key: `t${at}`, ...one.request }
              expect(scheduler.place(asked)).toEqual(other.place(asked))
            }
          }
        },
      ),
      { numRuns: Number(process.env['SCHEDULING_RUNS'] ?? 2) },
    )
  })
})

test('boxes hold their points, however these move', () => {
  const width = 3
  const point = fc.tuple(fc.nat(5), fc.nat(200), fc.constantFrom(1, Number.POSITIVE_INFINITY))
  const change = fc.tuple(fc.nat(120), fc.option(point, { freq: 4, nil: undefined }))
  fc.assert(
    fc.property(fc.array(change, { minLength: 100, maxLength: 600 }), changes => {
      const tree = new BoxTree(width)
      const points = new Map<number, readonly number[]>()
      tree.reserve(121)
      tree.rankBy(Float64Array.from({ length: 121 }, (_, slot) => (slot * 37) % 121))
      for (const [slot, numbers] of changes) {
        const isIn = points.has(slot)
        expect(tree.has(slot)).toBe(isIn)
        if (numbers === undefined) {
          if (isIn) tree.remove(slot)
          points.delete(slot)
          continue
        }
        tree.points.set(numbers, slot * width)
        if (isIn) tree.move(slot)
        else tree.put(slot)
        points.set(slot, numbers)
      }
      const seen = tree.root < 0 ? [] : checkBox(tree, tree.root, points)
      expect(seen.sort((a, b) => a - b)).toEqual([...points.keys()].sort((a, b) => a - b))
    }),
    { numRuns: 40 },
  )
})

/** The slots in the box, which has their number, their bounds and the first of them. */
function checkBox(tree: BoxTree, box: number, points: ReadonlyMap<number, readonly number[]>): number[] {
  const left = tree.lefts[box] as number
  const slots =
    left < 0
      ? [...tree.slotsOf(box)]
      : [...checkBox(tree, left, points), ...checkBox(tree, tree.rights[box] as number, points)]
  expect(tree.sizes[box]).toBe(slots.length)
  expect(slots.length).toBeGreaterThan(0)
  const { width } = tree
  for (let at = 0; at < width; at++) {
    const values = slots.map(slot => points.get(slot)?.[at] as number)
    expect(tree.bounds[box * width * 2 + at]).toBe(Math.min(...values))
    expect(tree.bounds[box * width * 2 + width + at]).toBe(Math.max(...values))
  }
  const areEqual = new Set(slots.map(slot => String(points.get(slot)))).size === 1
  expect(tree.areEqual[box]).toBe(Number(areEqual))
  const rank = (slot: number): number => (slot * 37) % 121
  expect(tree.firsts[box]).toBe(slots.reduce((first, slot) => (rank(slot) < rank(first) ? slot : first)))
  return slots
}

/** As many nodes as are worth sorting, and requests that were asked for before. */
function sortedCluster(count: number): ReturnType<typeof createScheduler> {
  const scheduler = createScheduler({ profile: packProfile() })
  for (let index = 0; index < count; index++)
    scheduler.addNode({ name: nameOf(index), allocatable: { cpu: 100, memory: 100 } })
  for (const cpu of [1, 2, 3]) expect(scheduler.fitsAnywhere({ key: 'first', requests: { cpu } })).toBe(true)
  return scheduler
}

test('of equal nodes the one with the lowest name is found', () => {
  const scheduler = sortedCluster(60)
  for (let index = 10; index < 60; index++)
    scheduler.addTask({ key: `t${index}`, node: nameOf(index), requests: { cpu: 50 } })
  expect(scheduler.place({ key: 'a', requests: { cpu: 5, memory: 1 } })).toMatchObject({ node: nameOf(10) })
  scheduler.addTask({ key: 'b', node: nameOf(7), requests: { cpu: 55, memory: 1 } })
  expect(scheduler.place({ key: 'c', requests: { cpu: 6, memory: 2 } })).toMatchObject({ node: nameOf(7) })
})

test('a node that goes right after a task left it is not looked at again', () => {
  const scheduler = sortedCluster(40)
  expect(scheduler.place({ key: 'a', requests: { cpu: 5 } })).toMatchObject({ node: nameOf(0) })
  scheduler.removeTask('a')
  scheduler.removeNode(nameOf(0))
  for (let index = 1; index < 20; index++) scheduler.addTask({ key: `t${index}`, node: nameOf(index) })
  expect(scheduler.place({ key: 'b', requests: { cpu: 6 } })).toMatchObject({ node: nameOf(1) })
})

test('a resource that nodes have from now on is found', () => {
  const scheduler = sortedCluster(40)
  expect(scheduler.place({ key: 'a', requests: { cpu: 5 } }).kind).toBe('placed')
  scheduler.updateNode({ name: nameOf(9), allocatable: { cpu: 100, memory: 100, gpu: 1 } })
  expect(scheduler.place({ key: 'b', requests: { cpu: 6, gpu: 1 } })).toMatchObject({ node: nameOf(9) })
  expect(scheduler.place({ key: 'c', requests: { cpu: 7, gpu: 1 } }).kind).toBe('unschedulable')
})

test('a node that has less than what is taken of it takes nothing, and more again when it is larger', () => {
  const scheduler = sortedCluster(40)
  scheduler.addTask({ key: 'a', node: nameOf(3), requests: { cpu: 60 } })
  scheduler.updateNode({ name: nameOf(3), allocatable: { cpu: 50, memory: 100 } })
  expect(scheduler.place({ key: 'b', requests: { cpu: 5 } })).toMatchObject({ node: nameOf(0) })
  scheduler.updateNode({ name: nameOf(3), allocatable: { cpu: 66, memory: 100 } })
  expect(scheduler.place({ key: 'c', requests: { cpu: 6 } })).toMatchObject({ node: nameOf(3) })
})

test('of nodes that are used alike, one is found whose ports, devices and siblings let it in', () => {
  const scheduler = createScheduler()
  for (let index = 0; index < 60; index++)
    scheduler.addNode({
      name: nameOf(index),
      allocatable: { cpu: 100, memory: 100 },
      hostPorts: index < 30 ? [{ port: 80 }] : [],
      devices: index < 40 ? [] : [{ kind: 'gpu', id: 'a' }],
    })
  const find = (cpu: number, more: object): unknown =>
    scheduler.fork().place({ key: 'a', requests: { cpu }, ...more })
  for (const cpu of [1, 2, 3]) find(cpu, {})
  expect(find(5, { hostPorts: [{ port: 80 }] })).toMatchObject({ node: nameOf(30) })
  expect(find(6, { devices: [{ kind: 'gpu' }] })).toMatchObject({ node: nameOf(40) })
  for (let index = 0; index < 60; index++)
    scheduler.addTask({ key: `t${index}`, node: nameOf(index), group: index < 50 ? 'g' : 'h' })
  expect(find(7, { group: 'g' })).toMatchObject({ node: nameOf(50) })
  expect(find(8, { group: 'h' })).toMatchObject({ node: nameOf(0) })
})

test('nodes stay sorted when names get new numbers while one that went is still among them', () => {
  const scheduler = createScheduler()
  const add = (name: string): void => scheduler.addNode({ name, allocatable: { cpu: 100, memory: 100 } })
  const tasks: TaskPlacement[] = []
  for (let index = 0; index < 90; index++) add(nameOf(index))
  for (let round = 0; round < 5; round++) {
    for (let at = 0; at < 20; at++) {
      const asked = { key: `${round} ${at}`, requests: { cpu: 1 } }
      const fresh = createScheduler()
      if (round > 3) {
        for (const one of scheduler.nodes()) fresh.addNode(one)
        for (const task of tasks) fresh.addTask(task)
      }
      const result = scheduler.place(asked)
      if (round > 3) expect(result).toEqual(fresh.place(asked))
      if (result.kind === 'placed') tasks.push({ ...asked, node: result.node })
    }
    // Each comes between the last one and the same other: before long there is no number in between.
    for (let index = 99; index > 40; index--) {
      add(`${nameOf((round * 13) % 90)}-${index}`)
      if (index % 7 === 0) scheduler.removeNode(nameOf((round * 13 + index) % 90))
    }
  }
})
