import { describe, expect, test } from 'vitest'
import { marathonConstraint } from '../../src/core/index.js'
import type { PlacementRequest, Profile } from '../../src/scheduling/index.js'
import { createScheduler, packProfile, spreadProfile } from '../../src/scheduling/index.js'

function nodesOf(
  profile: Profile,
  allocatable: Readonly<Record<string, number>>,
  requests: readonly PlacementRequest[],
) {
  const scheduler = createScheduler({ profile })
  for (const name of ['n1', 'n2', 'n3']) scheduler.addNode({ name, labels: { zone: name }, allocatable })
  return requests.map(request => {
    const placed = scheduler.place(request)
    return placed.kind === 'placed' ? placed.node : 'none'
  })
}

describe('what surprises in the first hour', () => {
  test.each([
    ['alone', {}],
    ['siblings', { group: 'web' }],
  ])('tasks without requests do not all land on one node when the load is spread: %s', (_name, own) => {
    const requests = ['a', 'b', 'c'].map(key => ({ key, ...own }))
    expect(nodesOf(spreadProfile(), { cpu: 4_000 }, requests).sort()).toEqual(['n1', 'n2', 'n3'])
  })

  test('GPU tasks do not fragment: packing counts whatever is asked for', () => {
    const requests = ['a', 'b', 'c', 'd'].map(key => ({ key, requests: { 'nvidia.com/gpu': 2 } }))
    const nodes = nodesOf(packProfile(), { cpu: 8_000, 'nvidia.com/gpu': 4 }, requests)
    expect(nodes).toEqual(['n1', 'n1', 'n2', 'n2'])
  })

  test('a drained task keeps its selector: it waits and does not go where it must not be', () => {
    const scheduler = createScheduler()
    for (const name of ['n1', 'n2'])
      scheduler.addNode({ name, labels: { disk: name }, allocatable: { cpu: 4 } })
    scheduler.place({ key: 'db', nodeSelector: { matchLabels: { disk: 'n1' } } })
    const drained = scheduler.fork()
    const [task] = drained.tasksOn('n1')
    drained.removeNode('n1')
    drained.removeTask('db')
    const { node: _, ...request } = task ?? { node: '', key: '' }
    expect(drained.place(request)).toMatchObject({
      kind: 'unschedulable',
      reasons: { reasons: [{ code: 'NodeSelectorMismatch' }] },
    })
  })

  test('a selector that contradicts itself is said to: no node that is added will help', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', labels: { zone: 'b' }, allocatable: { cpu: 4 } })
    const matchExpressions = [{ key: 'zone', operator: 'NotIn', values: ['a'] } as const]
    const placed = scheduler.place({
      key: 'a',
      nodeSelector: { matchLabels: { zone: 'a' }, terms: [{ matchExpressions }] },
    })
    expect(placed).toMatchObject({
      causes: [
        {
          reason: {
            message: 'node(s) outside the node selector, which no node can meet: zone=a and zone notin (a)',
          },
        },
      ],
    })
  })

  test('one request cannot take a port twice, and is told which', () => {
    const hostPorts = [{ port: 80 }, { port: 80, ip: '::' }]
    expect(() => createScheduler().place({ key: 'a', hostPorts })).toThrow(
      /hostPorts\[1\].*conflicts with hostPorts\[0\]/,
    )
  })

  test('a node that cannot be read does not vanish: it is counted, and says why', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: {}, unreadable: 'allocatable.cpu: lots' })
    expect(scheduler.place({ key: 'a' })).toMatchObject({
      reasons: { total: 1, reasons: [{ code: 'NodeUnreadable', samples: ['n'] }] },
    })
    expect(scheduler.explain({ key: 'a' }).nodes[0]?.filters[0]?.reasons[0]?.params).toEqual({
      why: 'allocatable.cpu: lots',
    })
  })

  test('UNIQUE of Marathon is accepted, and each node has one', () => {
    const constraints = [marathonConstraint(['hostname', 'UNIQUE'])]
    const requests = ['a', 'b', 'c', 'd'].map(key => ({ key, group: 'web', constraints }))
    expect(nodesOf(packProfile(), { cpu: 4_000 }, requests)).toEqual(['n1', 'n2', 'n3', 'none'])
  })
})
