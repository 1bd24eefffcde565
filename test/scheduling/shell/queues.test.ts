import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
import { Task } from '../../../src/api/index.js'
import { createBorrowingQuota } from '../../../src/core/fairness/index.js'
import type { QueuePolicy } from '../../../src/scheduling/index.js'
import { createSchedulingController } from '../../../src/scheduling/index.js'
import { boundTasks, cpu, createCluster, deleteTask, run } from './scheduling-world.js'

/** The queue of a task is the first letter of its name. */
const queueOf = ({ metadata }: Task): string => metadata.name.slice(0, 1)

describe('quotas of queues under the scheduling controller', () => {
  const quota = [
    { name: 'all' },
    { name: 'a', parent: 'all', guarantee: { cpu: 2_000 } },
    { name: 'b', parent: 'all', guarantee: { cpu: 1_000 }, lendingLimit: { cpu: 0 } },
  ]

  test('a queue gets what is its own, says what is short, and the next gets its turn when something ends', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await run(world, { queues: { queueOf, quota } })
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2']) await world.addTask(name, cpu('1'))
    expect(boundTasks(world)).toEqual(['a1', 'a2', 'b1'])
    expect(world.scheduled('a3')).toBe(
      'False Unschedulable: queue a may use 0 more of cpu, and 1 is asked for.',
    )
    const { revision } = world.store
    await world.addNode('n2', { cpu: 9 })
    await world.env.advance(600_000)
    // Two for the node, and none for those whom it does not help.
    expect(world.store.revision).toBe(revision + 2)
    await deleteTask(world, 'a1')
    expect(boundTasks(world)).toEqual(['a2', 'a3', 'b1'])
  })

  test('what another does not use is lent within limits', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    const lending = [
      { name: 'all' },
      { name: 'a', parent: 'all', guarantee: { cpu: 1_000 }, borrowingLimit: { cpu: 1_000 } },
      { name: 'b', parent: 'all', guarantee: { cpu: 3_000 } },
    ]
    await run(world, { queues: { queueOf, quota: lending } })
    for (const name of ['a1', 'a2', 'a3', 'b1']) await world.addTask(name, cpu('1'))
    expect(boundTasks(world)).toEqual(['a1', 'a2', 'b1'])
  })

  test('what runs already counts, also when somebody else bound it or the scheduler starts later', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await world.addTask('b0', { ...cpu('1'), nodeName: 'n1' })
    await world.addTask('b1', cpu('1'))
    await run(world, { queues: { queueOf, quota: [{ name: 'b', guarantee: { cpu: 1_000 } }] } })
    expect(boundTasks(world)).toEqual(['b0'])
    await deleteTask(world, 'b0')
    expect(boundTasks(world)).toEqual(['b1'])
  })

  test('a gang waits whole until its queue may place what it needs', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await run(world, { queues: { queueOf, quota } })
    const gang: TaskSpec = { ...cpu('1'), gang: { name: 'g', minMembers: 2 } }
    await world.addTask('a0', cpu('1'))
    for (const name of ['a1', 'a2']) await world.addTask(name, gang)
    expect(boundTasks(world)).toEqual(['a0'])
    expect(world.scheduled('a2')).toContain('and 1 would fit. queue a may use 0 more of cpu')
    await world.addTask('b1', cpu('1'))
    await deleteTask(world, 'a0')
    expect(boundTasks(world)).toEqual(['a1', 'a2', 'b1'])
  })

  test('two gangs that do not fit into their quota do not wake each other', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await run(world, { queues: { queueOf, quota } })
    for (const name of ['g', 'h'])
      for (const at of [1, 2, 3])
        await world.addTask(`a${name}${at}`, { ...cpu('1'), gang: { name, minMembers: 3 } })
    const { revision } = world.store
    await world.env.advance(600_000)
    expect([boundTasks(world), world.store.revision]).toEqual([[], revision])
  })

  test('a queue that has no quota is told', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 9 })
    await run(world, { queues: { quota } })
    await world.addTask('a', cpu('1'))
    expect(world.scheduled('a')).toBe('False Unschedulable: queue default has no quota; there are a, all, b.')
  })

  test.each<[string, QueuePolicy]>([
    ['a quota that is not acceptable', { quota: [{ name: 'a', parent: 'none' }] }],
    ['a weight of 0', { fairShare: { weights: { a: 0 } } }],
    ['an option that is not known', { limits: {} } as QueuePolicy],
  ])('%s is refused when the controller is made', (_name, queues) => {
    expect(() => createSchedulingController({ queues })).toThrow(/parent|weights\.a|limits/)
  })

  const script = fc.array(
    fc.oneof(
      fc.record({ queue: fc.constantFrom('a', 'b'), amount: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ gone: fc.nat(9) }),
    ),
    { minLength: 4, maxLength: 14 },
  )

  test('law: no queue has more than it may, and none waits that has room and quota', async () => {
    let waited = 0
    await fc.assert(
      fc.asyncProperty(script, async steps => {
        const world = createCluster()
        await world.addNode('n1', { cpu: 5 })
        await run(world, { queues: { queueOf, quota, fairShare: {} } })
        for (const [at, step] of steps.entries()) {
          if ('queue' in step) await world.addTask(`${step.queue}${at}`, cpu(`${step.amount}`))
          else {
            const { items } = world.store.list(Task)
            const one = items[step.gone % Math.max(1, items.length)]
            if (one !== undefined) await deleteTask(world, one.metadata.name)
          }
        }
        await world.env.advance(30_000)
        const tree = createBorrowingQuota(quota)
        const { items } = world.store.list(Task)
        const amountOf = ({ spec }: Task): number => Number(spec.resources?.requests?.['cpu']) * 1_000
        for (const task of items)
          if (task.spec.nodeName !== undefined)
            expect(tree.admit(queueOf(task), { cpu: amountOf(task) })).toBe(true)
        const used = items
          .filter(({ spec }) => spec.nodeName !== undefined)
          .reduce((sum, one) => sum + amountOf(one), 0)
        for (const task of items) {
          if (task.spec.nodeName !== undefined) continue
          waited++
          const isShort = tree.shortOf(queueOf(task), { cpu: amountOf(task) }) !== undefined
          expect(isShort || used + amountOf(task) > 5_000).toBe(true)
        }
      }),
      { numRuns: 15, seed: 11 },
    )
    expect(waited).toBeGreaterThan(5)
  })
})

describe('turns of queues under the scheduling controller', () => {
  test.each([
    ['equal weights', {}, ['a1', 'a2', 'b1', 'b2']],
    ['one counts three times', { a: 3 }, ['a1', 'a2', 'a3', 'b1']],
  ])(
    'the queue with the smallest share is next, also within one batch: %s',
    async (_name, weights, expected) => {
      const world = createCluster()
      for (const queue of ['a', 'b'])
        for (const at of [1, 2, 3, 4]) await world.addTask(`${queue}${at}`, cpu('1'))
      await world.addNode('n1', { cpu: 4 })
      await run(world, { queues: { queueOf, fairShare: { weights } } })
      expect(boundTasks(world)).toEqual(expected)
    },
  )

  test('who has much already waits until the others have as much', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 5 })
    for (const at of [1, 2]) await world.addTask(`a${at}`, { ...cpu('1'), nodeName: 'n1' })
    for (const at of [3, 4, 5]) await world.addTask(`a${at}`, { ...cpu('1'), priority: 9 })
    for (const at of [1, 2, 3]) await world.addTask(`b${at}`, cpu('1'))
    await run(world, { queues: { queueOf, fairShare: {} } })
    expect(boundTasks(world)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2'])
  })
})
