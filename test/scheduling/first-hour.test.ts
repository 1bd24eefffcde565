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

  const onNothing = (request: object) => createScheduler().place({ key: 'a', ...request })
  const soft = { attribute: 'rack', whenUnsatisfiable: 'ScheduleAnyway' }
  test.each<[string, () => unknown, RegExp]>([
    [
      'labels of Kubernetes as a selector',
      () => onNothing({ nodeSelector: { zone: 'a' } }),
      /node selector is invalid: zone: must be left out: .*matchLabels.*\(got "a"\)/,
    ],
    [
      'expressions that are in no term',
      () => onNothing({ nodeSelector: { matchExpressions: [{ key: 'zone', operator: 'Exists' }] } }),
      /matchExpressions: must be left out: .*terms with matchExpressions/,
    ],
    [
      'one attribute in the place of a list',
      () => onNothing({ spread: [{ ...soft, within: 'zone' }] }),
      /spread\[0\]\.within: must be a list.*\(got "zone"\)/,
    ],
    [
      'a spread without an attribute, which is one fault',
      () => onNothing({ spread: [{ topologyKey: 'rack' }] }),
      /invalid: spread\[0\]\.attribute: must name an attribute \(got undefined\)$/,
    ],
    [
      'a share that is a text',
      () => onNothing({ devices: [{ kind: 'gpu', share: '0.5' }] }),
      /devices\[0\]\.share: must be from 0\.001 to 1/,
    ],
    [
      'a profile by its name',
      () => createScheduler({ profile: 'pack' as never }),
      /profile: must be a profile, such as packProfile\(\) \(got "pack"\)/,
    ],
    [
      'a node without amounts',
      () => createScheduler().addNode({ name: 'n' } as never),
      /node n is invalid: allocatable: must be an object of amounts/,
    ],
  ])('refuses %s', (_what, act, message) => {
    expect(act).toThrow(message)
    expect(act).toThrow(expect.objectContaining({ code: 'Invalid' }))
  })

  test('UNIQUE of Marathon is accepted, and each node has one', () => {
    const constraints = [marathonConstraint(['hostname', 'UNIQUE'])]
    const requests = ['a', 'b', 'c', 'd'].map(key => ({ key, group: 'web', constraints }))
    expect(nodesOf(packProfile(), { cpu: 4_000 }, requests)).toEqual(['n1', 'n2', 'n3', 'none'])
  })
})
