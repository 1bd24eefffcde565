import { describe, expect, test } from 'vitest'
import { Event, Node, Task } from '../../../src/api/index.js'
import {
  boundTasks,
  cpu,
  createCluster,
  deleteTask,
  intrudedClient,
  namespace,
  run,
} from './scheduling-world.js'

const gang = (minMembers: number) => ({ ...cpu('1'), gang: { name: 'job', minMembers } })

describe('gangs under the scheduling controller', () => {
  test('none of a gang is bound before all that it needs fit, and then all are in one commit', async () => {
    const world = createCluster()
    await run(world)
    await world.addNode('n1', { cpu: 2 })
    for (const name of ['a', 'b', 'c']) await world.addTask(name, gang(3))
    expect(['a', 'b', 'c'].map(world.nodeOf)).toEqual([undefined, undefined, undefined])
    expect(world.scheduled('a')).toBe(
      'False Unschedulable: gang default/job needs 3 more tasks placed together, and 2 would fit. ' +
        '0/1 nodes are available: 1 Insufficient cpu.',
    )
    await world.addTask('single', cpu('2'))
    expect(world.nodeOf('single')).toBe('n1')
    const bound: number[] = []
    world.store.watch(Task).on(({ events }) => {
      bound.push(events.filter(({ object }) => object.spec.nodeName === 'n2').length)
    })
    await world.addNode('n2', { cpu: 3 })
    await world.env.advance(20_000)
    expect(['a', 'b', 'c'].map(world.nodeOf)).toEqual(['n2', 'n2', 'n2'])
    expect(bound.filter(count => count > 0)).toEqual([3])
  })

  test('a gang with fewer tasks than it needs waits for them, and says so', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await run(world)
    await world.addTask('a', gang(2))
    expect(world.scheduled('a')).toBe(
      'False Unschedulable: gang default/job needs 2 more tasks placed together, and has 1',
    )
    await world.addTask('b', gang(2))
    expect(['a', 'b'].map(world.nodeOf)).toEqual(['n1', 'n1'])
  })

  test('more than it needs are bound as they fit; one that is lost is replaced before equals are served', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 2 })
    await run(world)
    for (const name of ['a', 'b', 'c']) await world.addTask(name, gang(2))
    expect(['a', 'b', 'c'].map(world.nodeOf)).toEqual(['n1', 'n1', undefined])
    expect(world.scheduled('c')).toContain('Insufficient cpu')
    await world.env.run(() => world.store.delete(Task, { namespace, name: 'b' }))
    await world.env.advance(20_000)
    expect(world.nodeOf('c')).toBe('n1')
  })
})

test('a gang of which one node was taken between decision and commit is not half bound', async () => {
  const world = createCluster()
  for (const name of ['n1', 'n2']) await world.addNode(name, { cpu: 1 })
  let isFirst = true
  const intrude = async (): Promise<unknown> => {
    if (!isFirst) return
    isFirst = false
    return world.store.create(Task, {
      metadata: { namespace, name: 'foreign' },
      spec: { ...cpu('1'), nodeName: 'n2' },
    })
  }
  for (const name of ['a', 'b']) await world.addTask(name, gang(2))
  await run(world, {}, intrudedClient(world.store.client(world.env), intrude))
  await world.env.advance(20_000)
  expect([isFirst, world.nodeOf('a'), world.nodeOf('b')]).toEqual([false, undefined, undefined])
  expect(world.scheduled('a')).toContain('and 1 would fit')
})

describe('batches of the scheduling controller', () => {
  test.each([
    [1, [1, 1, 1, 1, 1]],
    [2, [2, 2, 1]],
    [32, [5]],
  ])('%i tasks at most are bound in one commit', async (batchMax, expected) => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    for (const name of ['a', 'b', 'c', 'd', 'e']) await world.addTask(name, cpu('1'))
    const bound: number[] = []
    world.store
      .watch(Task)
      .on(
        ({ events }) => void bound.push(events.filter(({ object }) => object.spec.nodeName === 'n1').length),
      )
    await run(world, { batchMax })
    expect(bound).toEqual(expected)
  })

  test('an attempt is for a batch, not for each task, also of tasks that come later', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 200 })
    const addAll = (prefix: string): Promise<unknown> =>
      world.env.run(() =>
        world.store.transact(tx => {
          for (let at = 0; at < 40; at++)
            tx.create(Task, { metadata: { namespace, name: `${prefix}${at}` }, spec: cpu('1') })
        }),
      )
    const attempts = (): number =>
      world.env.metrics.value('controller_runtime_reconcile_total', {
        controller: 'scheduler',
        result: 'success',
      }) ?? 0
    await addAll('a')
    await run(world, { batchMax: 10 })
    expect(boundTasks(world).length).toBe(40)
    expect(attempts()).toBeLessThanOrEqual(5)
    await addAll('b')
    await world.env.settle()
    expect(boundTasks(world).length).toBe(80)
    expect(attempts()).toBeLessThanOrEqual(10)
  })

  test('an event is about the task that was placed', async () => {
    const world = createCluster(1, Task, [Event])
    await world.addNode('n1', { cpu: 9 })
    for (const name of ['a', 'b']) await world.addTask(name, cpu('1'))
    await run(world)
    await world.env.advance(10_000)
    const told = world.store.list(Event).items.map(({ spec }) => `${spec.regarding.name}: ${spec.note}`)
    expect(told.sort()).toEqual(['a: placed on node n1', 'b: placed on node n1'])
  })
})

describe('what a task is given on its node', () => {
  const ports = [
    { name: 'fixed', containerPort: 80, hostPort: 30_000 },
    { name: 'any', containerPort: 81, hostPortRange: { first: 30_000, last: 30_009 } },
  ]

  test('a port of a range is written to the task that is bound, and is not given twice', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await run(world)
    await world.addTask('a', { ports })
    await world.addTask('b', { ports: ports.slice(1) })
    const numbers = ['a', 'b'].map(name =>
      world.store.get(Task, { namespace, name })?.spec.ports?.map(({ hostPort }) => hostPort),
    )
    expect(numbers).toEqual([[30_000, 30_001], [30_002]])
  })

  test('a port that a task gave back goes to no other for a minute, unless none is left', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await run(world)
    const one = [{ containerPort: 80, hostPortRange: { first: 30_000, last: 30_001 } }]
    const portOf = (name: string) =>
      world.store.get(Task, { namespace, name })?.spec.ports?.map(({ hostPort }) => hostPort)[0]
    await world.addTask('a', { ports: one })
    await deleteTask(world, 'a')
    await world.addTask('b', { ports: one })
    await world.addTask('c', { ports: one })
    expect([portOf('b'), portOf('c')]).toEqual([30_001, 30_000])
    await deleteTask(world, 'c')
    await deleteTask(world, 'b')
    await world.env.advance(59_999)
    await world.addTask('d', { ports: one })
    expect(portOf('d')).toBe(30_000)
    await deleteTask(world, 'd')
    await world.env.advance(60_000)
    await world.addTask('e', { ports: one })
    expect(portOf('e')).toBe(30_000)
  })

  test('devices are written to the task, counted as a resource, and free again when it is gone', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await world.env.run(() =>
      world.store.modifyStatus(Node, { name: 'n1' }, draft => {
        const devices = ['0', '1'].map(id => ({
          kind: 'nvidia.com/gpu',
          id,
          attributes: { memory: `${id}0` },
        }))
        if (draft.status !== undefined) draft.status.devices = devices
      }),
    )
    await run(world)
    const constraints = [{ attribute: 'memory', operator: 'equals' as const, value: '10' }]
    const devices = [{ kind: 'nvidia.com/gpu', constraints }]
    await world.addTask('a', { devices })
    expect(world.store.get(Task, { namespace, name: 'a' })?.spec.assignedDevices).toEqual([
      { kind: 'nvidia.com/gpu', ids: ['1'] },
    ])
    await world.addTask('b', { devices })
    expect(world.scheduled('b')).toContain('Insufficient devices nvidia.com/gpu')
    await world.addTask('c', { devices: [{ kind: 'nvidia.com/gpu', count: 2 }] })
    expect(world.scheduled('c')).toContain('Insufficient nvidia.com/gpu')
    await world.env.run(() => world.store.delete(Task, { namespace, name: 'a' }))
    await world.env.advance(20_000)
    expect(world.nodeOf('b')).toBe('n1')
  })

  test('shares of a device are written to the tasks that have them, and are not there for others', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await world.env.run(() =>
      world.store.modifyStatus(Node, { name: 'n1' }, draft => {
        if (draft.status !== undefined) draft.status.devices = [{ kind: 'gpu', id: '0' }]
      }),
    )
    await run(world)
    for (const name of ['a', 'b', 'c']) await world.addTask(name, { devices: [{ kind: 'gpu', share: 0.4 }] })
    const assigned = ['a', 'b', 'c'].map(
      name => world.store.get(Task, { namespace, name })?.spec.assignedDevices,
    )
    const part = [{ kind: 'gpu', ids: ['0'], share: 0.4 }]
    expect(assigned).toEqual([part, part, undefined])
    expect(world.scheduled('c')).toContain('1 Insufficient gpu.')
    await run(world, { name: 'another', schedulerName: 'another' })
    await world.addTask('d', { schedulerName: 'another', devices: [{ kind: 'gpu', share: 0.3 }] })
    expect(world.scheduled('d')).toContain('1 Insufficient gpu.')
    await world.addTask('e', { schedulerName: 'another', devices: [{ kind: 'gpu', share: 0.2 }] })
    expect(world.nodeOf('e')).toBe('n1')
  })

  test('a range that begins with the higher port is refused by name', async () => {
    const world = createCluster()
    const backwards = [{ containerPort: 80, hostPortRange: { first: 9, last: 3 } }]
    await expect(world.addTask('a', { ports: backwards })).rejects.toThrow(/spec\.ports\[0\]\.hostPortRange/)
  })
})
