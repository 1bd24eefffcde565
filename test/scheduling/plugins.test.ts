import { describe, expect, test } from 'vitest'
import type { Taint } from '../../src/core/index.js'
import type {
  NodeDescription,
  PlacementRequest,
  PluginScore,
  Profile,
  ScorePlugin,
} from '../../src/scheduling/index.js'
import {
  balancedAllocation,
  createScheduler,
  kubernetesProfile,
  leastAllocated,
  mostAllocated,
  nativeFilters,
  requestedToCapacityRatio,
  unschedulable,
} from '../../src/scheduling/index.js'

const plain: NodeDescription = { name: 'n', allocatable: { cpu: 4000, memory: 8000 } }

/** What the filters say of one request and one node. */
function reasons(request: Omit<PlacementRequest, 'key'>, node: Partial<NodeDescription>): readonly string[] {
  const scheduler = createScheduler()
  scheduler.addNode({ ...plain, ...node })
  const { nodes } = scheduler.explain({ key: 't', ...request })
  return nodes.flatMap(({ filters }) =>
    filters.flatMap(({ reasons }) => reasons.map(({ message }) => message)),
  )
}

/** The score of one plugin for one request and one node. */
function score(
  plugin: ScorePlugin,
  request: Omit<PlacementRequest, 'key'>,
  node: Partial<NodeDescription> = {},
): number {
  const profile: Profile = { name: 'one', filters: [], scores: [{ plugin, weight: 1 }] }
  const scheduler = createScheduler({ profile })
  scheduler.addNode({ ...plain, ...node })
  const result = scheduler.place({ key: 't', ...request })
  return result.kind === 'placed' ? result.score : Number.NaN
}

const spot = { key: 'spot', effect: 'NoSchedule' } as const

describe('filters', () => {
  test.each<[string, Omit<PlacementRequest, 'key'>, Partial<NodeDescription>, readonly string[]]>([
    ['a plain node', {}, {}, []],
    ['an unschedulable node', {}, { unschedulable: true }, ['node(s) unschedulable']],
    [
      'an unschedulable node, tolerated',
      { tolerations: [{ key: 'keelson.dev/unschedulable', operator: 'Exists' }] },
      { unschedulable: true },
      [],
    ],
    ['a taint', {}, { taints: [spot] }, ['node(s) with untolerated taint spot:NoSchedule']],
    ['a tolerated taint', { tolerations: [{ key: 'spot' }] }, { taints: [spot] }, []],
    ['a taint that only asks', {}, { taints: [{ key: 'spot', effect: 'PreferNoSchedule' }] }, []],
    [
      'a label that is missing',
      { nodeSelector: { matchLabels: { zone: 'a' } } },
      {},
      ['node(s) outside the node selector'],
    ],
    [
      'a label that is there',
      { nodeSelector: { matchLabels: { zone: 'a' } } },
      { labels: { zone: 'a' } },
      [],
    ],
    [
      'no alternative at all',
      { nodeSelector: { terms: [] } },
      {},
      ['node(s) outside the node selector, which no node can meet: an empty list of terms matches no node'],
    ],
    [
      'another name',
      {
        nodeSelector: { terms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['m'] }] }] },
      },
      {},
      ['node(s) outside the node selector'],
    ],
    ['a full node', {}, { allocatable: { pods: 0 } }, ['Too many tasks']],
    [
      'several shortages',
      { requests: { cpu: 5000, gpu: 1, memory: 8000 } },
      {},
      ['Insufficient cpu', 'Insufficient gpu'],
    ],
    [
      'a port',
      { hostPorts: [{ port: 80 }] },
      { hostPorts: [{ port: 80, ip: '10.0.0.1' }] },
      ['host port 80/TCP taken'],
    ],
    [
      'a port of another protocol',
      { hostPorts: [{ port: 80 }] },
      { hostPorts: [{ port: 80, protocol: 'UDP' }] },
      [],
    ],
    ['no port', { hostPorts: [{ port: 0 }] }, { hostPorts: [{ port: 80 }] }, []],
    [
      'an attribute',
      { constraints: [{ attribute: 'disk', operator: 'equals', value: 'ssd' }] },
      { attributes: { disk: 'hdd' } },
      ['node(s) did not satisfy disk equals ssd'],
    ],
    [
      'a label as an attribute',
      { constraints: [{ attribute: 'node.labels.zone', operator: 'in', value: ['a'] }] },
      { labels: { zone: 'a' } },
      [],
    ],
    [
      'the name as an attribute',
      { constraints: [{ attribute: 'hostname', operator: 'equals', value: 'n' }] },
      {},
      [],
    ],
  ])('%s', (_what, request, node, expected) => {
    expect(reasons(request, node)).toEqual(expected)
  })

  test('two wanted ports take two places, and give both back', () => {
    const scheduler = createScheduler()
    scheduler.addNode(plain)
    const ports = [{ port: 80 }, { port: 443, protocol: 'UDP' as const }]
    expect(scheduler.place({ key: 't1', hostPorts: ports }).kind).toBe('placed')
    for (const port of ports) expect(scheduler.fits({ key: 't2', hostPorts: [port] }, 'n')).toBe(false)
    scheduler.removeTask('t1')
    expect(scheduler.fits({ key: 't2', hostPorts: ports }, 'n')).toBe(true)
  })

  test('an overbooked port is free when its last holder is gone', () => {
    const scheduler = createScheduler()
    scheduler.addNode(plain)
    for (const key of ['t1', 't2']) scheduler.addTask({ key, node: 'n', hostPorts: [{ port: 80 }] })
    scheduler.removeTask('t1')
    expect(scheduler.fits({ key: 't3', hostPorts: [{ port: 80 }] }, 'n')).toBe(false)
    scheduler.removeTask('t2')
    expect(scheduler.fits({ key: 't3', hostPorts: [{ port: 80 }] }, 'n')).toBe(true)
  })

  test.each<[string, PlacementRequest['nodeSelector']]>([
    [
      'an operator of names',
      { terms: [{ matchFields: [{ key: 'metadata.name', operator: 'Exists' as never, values: ['n'] }] }] },
    ],
    [
      'two names',
      { terms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a', 'b'] as never }] }] },
    ],
    [
      'another field',
      { terms: [{ matchFields: [{ key: 'spec.x' as never, operator: 'In', values: ['a'] }] }] },
    ],
    [
      'a bound that is no number',
      { terms: [{ matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['many'] }] }] },
    ],
  ])('a selector with %s is refused', (_what, selector) => {
    expect(() => reasons({ nodeSelector: selector ?? {} }, {})).toThrow(
      expect.objectContaining({ code: 'Invalid' }),
    )
  })

  test('the taint that tolerates an unschedulable node can be another', () => {
    const profile = { name: 'p', filters: [unschedulable({ taintKey: 'closed' })], scores: [] }
    const scheduler = createScheduler({ profile })
    scheduler.addNode({ ...plain, unschedulable: true })
    expect(scheduler.fits({ key: 't', tolerations: [{ key: 'closed', operator: 'Exists' }] }, 'n')).toBe(true)
    expect(scheduler.fits({ key: 't' }, 'n')).toBe(false)
  })
})

describe('scores', () => {
  const request = { requests: { cpu: 1010, memory: 4000 } }

  test.each<[string, ScorePlugin, number]>([
    ['least allocated', leastAllocated(), (74.75 + 50) / 2],
    ['least allocated, whole', leastAllocated({ rounding: 'whole' }), 62],
    [
      'least allocated, weighted',
      leastAllocated({ resources: [{ name: 'cpu', weight: 3 }, { name: 'memory' }] }),
      (3 * 74.75 + 50) / 4,
    ],
    ['most allocated', mostAllocated(), (25.25 + 50) / 2],
    ['most allocated, whole', mostAllocated({ rounding: 'whole' }), 37],
    ['balanced', balancedAllocation(), (1 - 0.2475 / 2) * 100],
    ['balanced, whole', balancedAllocation({ rounding: 'whole' }), 87],
    [
      'a curve',
      requestedToCapacityRatio({
        shape: [
          [0, 0],
          [50, 10],
          [100, 0],
        ],
      }),
      75,
    ],
  ])('%s', (_name, plugin, expected) => {
    expect(score(plugin, request)).toBeCloseTo(expected, 10)
  })

  test('a resource beyond cpu and memory counts only for those who ask for it', () => {
    const plugin = mostAllocated({ resources: [{ name: 'cpu' }, { name: 'gpu' }] })
    const node = { allocatable: { cpu: 4000, gpu: 4 } }
    expect(score(plugin, { requests: { cpu: 1000 } }, node)).toBe(25)
    expect(score(plugin, { requests: { cpu: 1000, gpu: 3 } }, node)).toBe(50)
  })

  test('balance over three resources is the standard deviation', () => {
    const plugin = balancedAllocation({ resources: [{ name: 'cpu' }, { name: 'memory' }, { name: 'gpu' }] })
    const node = { allocatable: { cpu: 10, memory: 10, gpu: 10 } }
    const spread = Math.sqrt((0.2 ** 2 + 0 + 0.2 ** 2) / 3)
    expect(score(plugin, { requests: { cpu: 3, memory: 5, gpu: 7 } }, node)).toBeCloseTo(
      (1 - spread) * 100,
      5,
    )
  })

  test('percentages of amounts near 2^53 are exact', () => {
    const allocatable = { memory: Number.MAX_SAFE_INTEGER }
    const plugin = mostAllocated({ resources: [{ name: 'memory' }], rounding: 'whole' })
    expect(score(plugin, { requests: { memory: 2 ** 52 } }, { allocatable })).toBe(50)
    expect(score(plugin, { requests: { memory: 2 ** 52 - 1 } }, { allocatable })).toBe(49)
  })

  test.each<[string, () => ScorePlugin]>([
    ['no resource', () => leastAllocated({ resources: [] })],
    ['a resource twice', () => mostAllocated({ resources: [{ name: 'cpu' }, { name: 'cpu' }] })],
    ['a weight of 0', () => balancedAllocation({ resources: [{ name: 'cpu', weight: 0 }] })],
    ['an empty curve', () => requestedToCapacityRatio({ shape: [] })],
    [
      'a curve that turns back',
      () =>
        requestedToCapacityRatio({
          shape: [
            [50, 1],
            [50, 2],
          ],
        }),
    ],
  ])('%s is refused', (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'Invalid' }))
  })
})

describe('the kubernetes profile', () => {
  test('normalises avoided taints over the nodes that fit', () => {
    const scheduler = createScheduler({ profile: kubernetesProfile() })
    const soft = (count: number): readonly Taint[] =>
      Array.from({ length: count }, (_, index) => ({ key: `t${index}`, effect: 'PreferNoSchedule' as const }))
    scheduler.addNode({ ...plain, name: 'a', taints: soft(4), unschedulable: true })
    scheduler.addNode({ ...plain, name: 'b', taints: soft(2) })
    scheduler.addNode({ ...plain, name: 'c', taints: soft(1) })
    const { nodes } = scheduler.explain({ key: 't' })
    const taintScore = (scores: readonly PluginScore[]): unknown => scores[0]?.score
    expect(nodes.map(({ node, scores }) => [node, taintScore(scores)])).toEqual([
      ['c', 50],
      ['b', 0],
      ['a', undefined],
    ])
  })
})

test('the native filters are all there are', () => {
  expect(nativeFilters().map(({ name }) => name)).toEqual([
    'unschedulable',
    'taints',
    'node-selector',
    'constraints',
    'platform',
    'volume-topology',
    'resources-fit',
    'host-ports',
    'devices',
    'volume-limits',
    'volume-sharing',
    'sibling-constraints',
    'topology-spread',
    'task-affinity',
  ])
})
