import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseResources, renderReasons } from '../../src/core/index.js'
import type {
  FilterPlugin,
  NodeDescription,
  PlacementRequest,
  Scheduler,
  ScorePlugin,
  TaskPlacement,
} from '../../src/scheduling/index.js'
import { createScheduler, packProfile, spreadProfile } from '../../src/scheduling/index.js'
import { nodeArbitrary, nodeNames, requestArbitrary } from './cluster-arbitrary.js'
import { isWithinLimits, placeByOracle } from './placement-oracle.js'

type Step =
  | { readonly kind: 'node'; readonly node: NodeDescription }
  | { readonly kind: 'dropNode'; readonly name: string }
  | { readonly kind: 'bind'; readonly request: PlacementRequest; readonly node: string }
  | { readonly kind: 'dropTask'; readonly key: string }
  | { readonly kind: 'place'; readonly request: PlacementRequest }
  | { readonly kind: 'fork' }

const keys = ['t1', 't2', 't3', 't4', 't5', 't6', 't7', 't8']

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('node' as const), node: nodeArbitrary() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('dropNode' as const), name: fc.constantFrom(...nodeNames) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('bind' as const),
      request: requestArbitrary(keys),
      node: fc.constantFrom(...nodeNames),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('dropTask' as const), key: fc.constantFrom(...keys) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('place' as const), request: requestArbitrary(keys) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fork' as const) }) },
)

function setNode(scheduler: Scheduler, node: NodeDescription): void {
  if (scheduler.node(node.name) === undefined) scheduler.addNode(node)
  else scheduler.updateNode(node)
}

function placementOf({ key, requests = {}, hostPorts = [] }: PlacementRequest, node: string): TaskPlacement {
  return { key, node, requests, hostPorts }
}

describe('placing', () => {
  test.each(['spread', 'pack'] as const)('%s picks what a full recount of everything picks', mode => {
    const profile = mode === 'spread' ? spreadProfile() : packProfile()
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        let scheduler = createScheduler({ profile })
        const nodes = new Map<string, NodeDescription>()
        const tasks = new Map<string, TaskPlacement>()
        for (const one of steps) {
          switch (one.kind) {
            case 'node':
              setNode(scheduler, one.node)
              nodes.set(one.node.name, one.node)
              break
            case 'dropNode':
              expect(scheduler.removeNode(one.name)).toBe(nodes.delete(one.name))
              break
            case 'bind':
              scheduler.addTask(placementOf(one.request, one.node))
              tasks.set(one.request.key, placementOf(one.request, one.node))
              break
            case 'dropTask':
              expect(scheduler.removeTask(one.key)).toBe(tasks.delete(one.key))
              break
            case 'place': {
              if (tasks.has(one.request.key)) break
              const wanted = placeByOracle([...nodes.values()], [...tasks.values()], one.request, mode)
              const result = scheduler.place(one.request)
              expect(result.kind === 'placed' ? result.node : undefined).toBe(wanted)
              if (wanted !== undefined) tasks.set(one.request.key, placementOf(one.request, wanted))
              break
            }
            case 'fork': {
              const original = scheduler
              scheduler = scheduler.fork()
              for (const name of nodeNames) original.removeNode(name)
              break
            }
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('never takes more than there is', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(nodeArbitrary(), { selector: node => node.name }),
        fc.uniqueArray(requestArbitrary(Array.from({ length: 40 }, (_, index) => `t${index}`)), {
          selector: request => request.key,
          minLength: 20,
          maxLength: 40,
        }),
        (nodes, requests) => {
          const scheduler = createScheduler({ profile: packProfile() })
          for (const node of nodes) scheduler.addNode(node)
          for (const request of requests) scheduler.place(request)
          for (const node of nodes) expect(isWithinLimits(node, scheduler.tasksOn(node.name))).toBe(true)
        },
      ),
    )
  })

  test('does not depend on the order in which nodes and tasks were added', () => {
    const world = fc
      .record({
        nodes: fc.uniqueArray(nodeArbitrary(), { selector: node => node.name, minLength: 2 }),
        tasks: fc.uniqueArray(requestArbitrary(keys), { selector: request => request.key }),
        request: requestArbitrary(['new']),
      })
      .chain(({ nodes, tasks, request }) =>
        fc.record({
          nodes: fc.constant(nodes),
          placed: fc.constant(tasks.map((task, index) => placementOf(task, nodeNames[index % 5] ?? ''))),
          shuffledNodes: fc.shuffledSubarray(nodes, { minLength: nodes.length }),
          seed: fc.integer(),
          request: fc.constant(request),
        }),
      )
    fc.assert(
      fc.property(world, ({ nodes, placed, shuffledNodes, request }) => {
        const one = createScheduler()
        for (const node of nodes) one.addNode(node)
        for (const task of placed) one.addTask(task)
        const other = createScheduler()
        for (const task of placed.toReversed()) other.addTask(task)
        for (const node of shuffledNodes) other.addNode(node)
        expect(other.explain(request)).toEqual(one.explain(request))
        expect(other.place(request)).toEqual(one.place(request))
      }),
    )
  })

  test('explain agrees with place about what fits, what is best and why nothing does', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(nodeArbitrary(), { selector: node => node.name }),
        requestArbitrary(['new']),
        (nodes, request) => {
          const scheduler = createScheduler()
          for (const node of nodes) scheduler.addNode(node)
          const { nodes: explained, summary } = scheduler.explain(request)
          for (const { node, fits } of explained) expect(scheduler.fits(request, node)).toBe(fits)
          const result = scheduler.place(request)
          if (result.kind === 'placed') {
            expect([result.node, result.score]).toEqual([explained[0]?.node, explained[0]?.total])
            expect(result.scores).toEqual(explained[0]?.scores)
          } else {
            expect(explained.some(({ fits }) => fits)).toBe(false)
            expect(result.reasons).toEqual(summary)
          }
          expect(summary.available).toBe(explained.filter(({ fits }) => fits).length)
        },
      ),
    )
  })

  test('equal nodes are taken in the order of their names', () => {
    const scheduler = createScheduler({ profile: packProfile() })
    for (const name of ['c', 'b', 'a']) scheduler.addNode({ name, allocatable: { cpu: 10, memory: 10 } })
    const placed = ['t1', 't2', 't3'].map(key => scheduler.place({ key, requests: { cpu: 10, memory: 10 } }))
    expect(placed.map(result => result.kind === 'placed' && result.node)).toEqual(['a', 'b', 'c'])
  })

  test('spread notices differences far below one percent', () => {
    const scheduler = createScheduler()
    for (const name of ['a', 'b', 'c'])
      scheduler.addNode({ name, allocatable: { cpu: 1_000_000, memory: 1_000_000 } })
    const placed = ['t1', 't2', 't3'].map(key => scheduler.place({ key, requests: { cpu: 1, memory: 1 } }))
    expect(placed.map(result => result.kind === 'placed' && result.node)).toEqual(['a', 'b', 'c'])
  })

  test('says why nothing fits, every cause of every node', () => {
    const scheduler = createScheduler()
    const allocatable = parseResources({ cpu: 2, memory: '1Gi' })
    scheduler.addNode({ name: 'n1', allocatable })
    scheduler.addNode({
      name: 'n2',
      allocatable,
      taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
    })
    scheduler.addNode({ name: 'n3', allocatable, unschedulable: true })
    const result = scheduler.place({ key: 't', requests: parseResources({ cpu: 3 }) })
    if (result.kind === 'placed') throw new Error('nothing can fit')
    expect(renderReasons(result.reasons)).toBe(
      '0/3 nodes are available: 3 Insufficient cpu, 1 node(s) unschedulable, 1 node(s) with untolerated taint gpu=yes:NoSchedule.',
    )
    expect(result.reasons.reasons[0]).toEqual({
      code: 'InsufficientResource',
      message: 'Insufficient cpu',
      params: { resource: 'cpu', asked: 3000, free: 2000, allocatable: 2000 },
      count: 3,
      samples: ['n1', 'n2', 'n3'],
    })
  })
})

describe('siblings', () => {
  test.each<[PlacementRequest['constraints'] & {}, readonly (string | undefined)[]]>([
    [[{ attribute: 'zone', operator: 'unique' }], ['n1', 'n3', undefined, undefined, undefined]],
    [[{ attribute: 'zone', operator: 'maxPer', value: 2 }], ['n1', 'n2', 'n3', 'n3', undefined]],
    [[{ attribute: 'zone', operator: 'cluster' }], ['n1', 'n2', 'n1', 'n2', undefined]],
    [[{ attribute: 'zone', operator: 'groupBy' }], ['n1', 'n3', 'n2', 'n3', 'n1']],
    [[{ attribute: 'zone', operator: 'groupBy', value: 2 }], ['n1', 'n2', 'n3', 'n1', 'n3']],
    [[{ attribute: 'rack', operator: 'unique' }], [undefined, undefined, undefined, undefined, undefined]],
  ])('%j', (constraints, nodes) => {
    const scheduler = createScheduler({ profile: packProfile() })
    const zones = { n1: 'a', n2: 'a', n3: 'b' }
    for (const [name, zone] of Object.entries(zones))
      scheduler.addNode({ name, labels: { zone }, allocatable: { cpu: name === 'n3' ? 4 : 2, pods: 9 } })
    const placed = nodes.map((_, index) =>
      scheduler.place({ key: `t${index}`, group: 'g', instances: 5, requests: { cpu: 1 }, constraints }),
    )
    expect(placed.map(result => (result.kind === 'placed' ? result.node : undefined))).toEqual(nodes)
  })

  test('a full value of groupBy does not hold back those with room', () => {
    const scheduler = createScheduler()
    for (const [name, pods] of [
      ['a', 1],
      ['b', 9],
    ] as const)
      scheduler.addNode({ name, allocatable: { pods } })
    const constraints = [{ attribute: 'hostname', operator: 'groupBy' as const }]
    for (const key of ['1', '2', '3', '4'])
      expect(scheduler.place({ key, group: 'g', instances: 4, constraints }).kind).toBe('placed')
    expect(scheduler.tasksOn('b').length).toBe(3)
  })
})

describe('reservations', () => {
  test('room that is held is for one request alone, and given up when it is placed', () => {
    const scheduler = createScheduler()
    for (const name of ['n1', 'n2']) scheduler.addNode({ name, allocatable: { cpu: 2 } })
    scheduler.reserve({ name: 'held', node: 'n1', forKey: 'vip', requests: { cpu: 2 } })
    const other = { key: 'other', requests: { cpu: 1 } }
    expect([scheduler.fits(other, 'n1'), scheduler.fits(other, 'n2')]).toEqual([false, true])
    const vip = { key: 'vip', requests: { cpu: 2 } }
    expect(scheduler.fits(vip, 'n1')).toBe(true)
    expect(scheduler.explain(vip).nodes.map(({ fits }) => fits)).toEqual([true, true])
    scheduler.addTask({ key: 'full', node: 'n2', requests: { cpu: 2 } })
    expect(scheduler.place(vip)).toMatchObject({ kind: 'placed', node: 'n1' })
    expect(scheduler.tasksOn('n1').map(({ key }) => key)).toEqual(['vip'])
  })

  test('a request that does not fit although room is held for it leaves it held', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: { cpu: 2 } })
    scheduler.reserve({ name: 'held', node: 'n', forKey: 'vip', requests: { cpu: 1 } })
    expect(scheduler.place({ key: 'vip', requests: { cpu: 3 } }).kind).toBe('unschedulable')
    expect(scheduler.fits({ key: 'other', requests: { cpu: 2 } }, 'n')).toBe(false)
    expect(scheduler.removeTask('held')).toBe(true)
    expect(scheduler.fits({ key: 'other', requests: { cpu: 2 } }, 'n')).toBe(true)
  })

  test('a request that is refused with an error leaves the room held for it', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: { cpu: 2 } })
    scheduler.reserve({ name: 'held', node: 'n', forKey: 'vip', requests: { cpu: 1 } })
    expect(() => scheduler.place({ key: 'vip', requests: { cpu: Number.NaN } })).toThrow('requests.cpu')
    expect(scheduler.tasksOn('n').map(({ key }) => key)).toEqual(['held'])
  })
})

describe('bookkeeping', () => {
  test('tasks outlive their node and count again when it comes back', () => {
    const scheduler = createScheduler()
    const node = { name: 'n', allocatable: { cpu: 10 } }
    scheduler.addTask({ key: 't1', node: 'n', requests: { cpu: 10 } })
    scheduler.addNode(node)
    expect(scheduler.fits({ key: 't2', requests: { cpu: 1 } }, 'n')).toBe(false)
    scheduler.removeNode('n')
    expect(scheduler.fits({ key: 't2' }, 'n')).toBe(false)
    scheduler.addNode(node)
    expect(scheduler.fits({ key: 't2', requests: { cpu: 1 } }, 'n')).toBe(false)
    expect(scheduler.removeTask('t1')).toBe(true)
    expect(scheduler.fits({ key: 't2', requests: { cpu: 10 } }, 'n')).toBe(true)
    expect(scheduler.removeTask('t1')).toBe(false)
  })

  test('a fork and its original do not see each other', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: { cpu: 10, pods: 1 } })
    const fork = scheduler.fork()
    expect(fork.place({ key: 't', requests: { cpu: 10 }, hostPorts: [{ port: 80 }] }).kind).toBe('placed')
    expect([scheduler.taskCount, fork.taskCount]).toEqual([0, 1])
    expect(scheduler.place({ key: 't', requests: { cpu: 10 }, hostPorts: [{ port: 80 }] }).kind).toBe(
      'placed',
    )
    fork.removeTask('t')
    expect(scheduler.task('t')?.node).toBe('n')
  })

  test.each<[string, string, (scheduler: Scheduler) => void]>([
    ['a node that is known', 'AlreadyExists', s => s.addNode({ name: 'n', allocatable: {} })],
    ['an update of a node that is not', 'NotFound', s => s.updateNode({ name: 'x', allocatable: {} })],
    ['a fraction', 'Invalid', s => s.updateNode({ name: 'n', allocatable: { cpu: 0.5 } })],
    ['a negative amount', 'Invalid', s => s.place({ key: 'x', requests: { cpu: -1 } })],
    ['an unsafe amount', 'Invalid', s => s.addTask({ key: 't', node: 'n', requests: { cpu: 2 ** 53 } })],
    ['a request for pods', 'Invalid', s => s.place({ key: 'x', requests: { pods: 1 } })],
    ['a port beyond 65535', 'Invalid', s => s.place({ key: 'x', hostPorts: [{ port: 70_000 }] })],
    ['a placed task', 'AlreadyExists', s => s.place({ key: 't' })],
    [
      'a total beyond 2^53',
      'OutOfRange',
      s => s.addTask({ key: 't2', node: 'n', requests: { memory: 1, cpu: Number.MAX_SAFE_INTEGER } }),
    ],
    [
      'a port twice',
      'Invalid',
      s => s.place({ key: 'x', hostPorts: [{ port: 80 }, { ip: '::', port: 80 }] }),
    ],
    ['half an instance', 'Invalid', s => s.place({ key: 'x', instances: 0.5 })],
    ['no priority', 'Invalid', s => s.place({ key: 'x', priority: Number.NaN })],
  ])('refuses %s and changes nothing', (_what, code, act) => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: { cpu: 10 } })
    scheduler.addTask({ key: 't', node: 'n', requests: { cpu: 3 } })
    const before = scheduler.explain({ key: 'probe', requests: { cpu: 8, memory: 1 } })
    expect(() => act(scheduler)).toThrow(expect.objectContaining({ code }))
    expect(scheduler.explain({ key: 'probe', requests: { cpu: 8, memory: 1 } })).toEqual(before)
    expect(scheduler.taskCount).toBe(1)
  })

  test('a node whose tasks do not sum up is refused and leaves no trace', () => {
    const scheduler = createScheduler()
    for (const key of ['t1', 't2']) {
      scheduler.addTask({ key, node: 'n', requests: { cpu: Number.MAX_SAFE_INTEGER } })
    }
    expect(() => scheduler.addNode({ name: 'n', allocatable: {} })).toThrow(
      expect.objectContaining({ code: 'OutOfRange' }),
    )
    expect(scheduler.nodeCount).toBe(0)
    scheduler.removeTask('t2')
    scheduler.addNode({ name: 'n', allocatable: {} })
    expect(scheduler.nodeCount).toBe(1)
  })
})

describe('profiles', () => {
  const even = { name: 'even', locality: 'node' as const, score: () => 0 }

  test('two plugins of one name, and weights that are no number ≥ 0, are refused', () => {
    const twice = {
      name: 'p',
      filters: [],
      scores: [
        { plugin: even, weight: 1 },
        { plugin: even, weight: 1 },
      ],
    }
    expect(() => createScheduler({ profile: twice })).toThrow(/scores\[1\]\.plugin\.name: is given twice/)
    const weight = { name: 'p', filters: [], scores: [{ plugin: even, weight: Number.NaN }] }
    expect(() => createScheduler({ profile: weight })).toThrow(/scores\[0\]\.weight/)
  })

  test.each<[string, ScorePlugin]>([
    ['beyond 100', { ...even, score: () => 101 }],
    ['no number', { ...even, score: () => Number.NaN }],
    ['nothing, in a sum', { ...even, score: () => undefined }],
    ['a raw score below 0', { ...even, normalize: 'max', score: () => -1 }],
    ['an infinite raw score', { ...even, normalize: 'minMax', score: () => Number.POSITIVE_INFINITY }],
  ])('a score that is %s is a mistake of its plugin, and changes nothing', (_what, plugin) => {
    const scheduler = createScheduler({
      profile: { name: 'p', filters: [], scores: [{ plugin, weight: 1 }] },
    })
    scheduler.addNode({ name: 'n', allocatable: {} })
    for (let time = 0; time < 2; time++)
      expect(() => scheduler.place({ key: 't' })).toThrow(expect.objectContaining({ code: 'Usage' }))
    expect(scheduler.taskCount).toBe(0)
  })

  test.each([[[]], [true], [null]])('a filter that says %j is a mistake of its plugin', said => {
    const plugin = { name: 'odd', locality: 'node', filter: () => said } as unknown as FilterPlugin
    const scheduler = createScheduler({ profile: { name: 'p', filters: [plugin], scores: [] } })
    scheduler.addNode({ name: 'n', allocatable: {} })
    expect(() => scheduler.place({ key: 't' })).toThrow(/filter plugin odd returned/)
    expect(scheduler.taskCount).toBe(0)
  })
})
