import { describe, expect, test } from 'vitest'
import { Event, Task } from '../../../src/api/index.js'
import { cpu, createCluster, namespace, run } from './scheduling-world.js'

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
