import { expect, test } from 'vitest'
import { Node, Reservation, Task } from '../../../src/api/index.js'
import { cpu, createCluster, intrudedClient, namespace, run } from './scheduling-world.js'

test('within a batch, too, tasks are placed in the order that was asked for', async () => {
  const world = createCluster()
  for (const name of ['a', 'b', 'c']) await world.addTask(name, cpu('1'))
  await run(world, { compare: (a, b) => (a.metadata.name < b.metadata.name ? 1 : -1) })
  await world.addNode('n1', { cpu: 2 })
  await world.env.advance(20_000)
  expect(['a', 'b', 'c'].map(world.nodeOf)).toEqual([undefined, 'n1', 'n1'])
})

test('room that is given back goes to the first in order, not to the first that waited', async () => {
  const world = createCluster()
  await world.addNode('n1', { cpu: 2 })
  await world.addTask('running', { ...cpu('2'), nodeName: 'n1' })
  await run(world)
  await world.addTask('low', { ...cpu('1'), priority: 1 })
  await world.addTask('high', { ...cpu('2'), priority: 2 })
  await world.env.run(() => world.store.delete(Task, { namespace, name: 'running' }))
  await world.env.settle()
  expect(['low', 'high'].map(world.nodeOf)).toEqual([undefined, 'n1'])
})

const gang = (minMembers: number) => ({ ...cpu('1'), gang: { name: 'job', minMembers } })

test('a gang that lacks a member is placed when that one gets its node from somebody else', async () => {
  const world = createCluster()
  await world.addNode('n1', { cpu: 4 })
  await run(world)
  await world.addTask('a', gang(2))
  await world.addTask('b', { ...gang(2), nodeName: 'n1' })
  await world.env.advance(20_000)
  expect(world.nodeOf('a')).toBe('n1')
})

test('a member that comes while its gang is being bound joins it', async () => {
  const world = createCluster()
  await world.addNode('n1', { cpu: 4 })
  let isFirst = true
  const intrude = async (): Promise<unknown> => {
    if (!isFirst) return undefined
    isFirst = false
    await world.store.create(Task, { metadata: { namespace, name: 'c' }, spec: gang(2) })
    return new Promise(resolve => world.env.clock.after(1_000, () => resolve(undefined)))
  }
  await run(world, { concurrency: 2 }, intrudedClient(world.store.client(world.env), intrude))
  await world.env.run(() =>
    world.store.transact(tx => {
      for (const name of ['a', 'b']) tx.create(Task, { metadata: { namespace, name }, spec: gang(2) })
    }),
  )
  const told: string[] = []
  world.store.watch(Task).on(({ events }) => {
    told.push(...events.map(({ object }) => world.scheduled(object.metadata.name)))
  })
  await world.env.settle()
  await world.env.advance(20_000)
  expect(['a', 'b', 'c'].map(world.nodeOf)).toEqual(['n1', 'n1', 'n1'])
  expect(told.filter(text => text.includes('SchedulerError'))).toEqual([])
})

test('what is reserved for a task that is not there yet waits for it', async () => {
  const world = createCluster(1, Task, [Reservation])
  await world.addNode('n1', { cpu: 2 })
  await run(world)
  await world.env.run(() =>
    world.store.create(Reservation, {
      metadata: { name: 'for-later' },
      spec: { nodeName: 'n1', task: { namespace, name: 'later' }, requests: { cpu: 2 } },
    }),
  )
  await world.env.settle()
  await world.addTask('other', cpu('1'))
  expect(world.nodeOf('other')).toBe(undefined)
  await world.addTask('later', cpu('2'))
  expect(world.nodeOf('later')).toBe('n1')
  expect(world.store.list(Reservation).items).toEqual([])
})

test('who waits for room on a node that went is given room on another at once', async () => {
  const world = createCluster(1, Task, [Reservation])
  for (const name of ['n1', 'n2']) await world.addNode(name, { cpu: 2 })
  await run(world, { preemption: {} })
  for (const [name, nodeName, priority] of [
    ['a', 'n1', 1],
    ['b', 'n2', 2],
  ] as const) {
    await world.env.run(() =>
      world.store.create(Task, {
        metadata: { namespace, name, finalizers: ['example.com/keep'] },
        spec: { ...cpu('2'), priority, nodeName },
      }),
    )
    await world.env.settle()
  }
  await world.addTask('urgent', { ...cpu('2'), priority: 10 })
  const holds = (): readonly string[] => world.store.list(Reservation).items.map(({ spec }) => spec.nodeName)
  expect(holds()).toEqual(['n1'])
  await world.env.run(() => world.store.delete(Node, { name: 'n1' }))
  await world.env.advance(15_000)
  expect(holds()).toEqual(['n2'])
})
