import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Event, Task } from '../../../src/api/index.js'
import { createScheduler, schedulePass } from '../../../src/scheduling/index.js'
import type { Cluster } from './scheduling-world.js'
import { boundTasks, cpu, createCluster, deleteTask, namespace, run } from './scheduling-world.js'

const gates = (...names: readonly string[]) => ({ schedulingGates: names.map(name => ({ name })) })

const setGates = (world: Cluster, task: string, ...names: readonly string[]): Promise<unknown> =>
  world.env.run(() =>
    world.store.modify(Task, { namespace, name: task }, draft => {
      draft.spec.schedulingGates = names.map(name => ({ name }))
    }),
  )

describe('a task with scheduling gates', () => {
  test('is not tried, says which gates it waits for, and is placed when the last is gone', async () => {
    const world = createCluster(1, Task, [Event])
    await world.addNode('n1', { cpu: 1 })
    await run(world)
    await world.addTask('a', { ...cpu('1'), ...gates('quota', 'image') })
    expect(world.scheduled('a')).toBe('False SchedulingGated: waits for its scheduling gates: quota, image')
    await setGates(world, 'a', 'image')
    await world.env.settle()
    expect(world.scheduled('a')).toBe('False SchedulingGated: waits for its scheduling gates: image')
    const { revision } = world.store
    await world.env.advance(100_000)
    expect(world.store.revision).toBe(revision)
    expect(world.store.list(Event).items).toEqual([])
    await setGates(world, 'a')
    await world.env.settle()
    expect(world.nodeOf('a')).toBe('n1')
  })

  test('holds up neither those behind it, nor its gang beyond what that needs', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 3 })
    await run(world)
    const gang = { gang: { name: 'job', minMembers: 2 } }
    await world.addTask('first', { ...cpu('1'), ...gates('g'), priority: 9 })
    await world.addTask('m1', { ...cpu('1'), ...gang })
    await world.addTask('m2', { ...cpu('1'), ...gang, ...gates('g') })
    expect(boundTasks(world)).toEqual([])
    expect(world.scheduled('m1')).toContain('needs 2 more tasks placed together, and has 1')
    await setGates(world, 'm2')
    await world.env.advance(20_000)
    expect(boundTasks(world)).toEqual(['m1', 'm2'])
  })

  test.each<[string, (world: Cluster) => Promise<unknown>, RegExp]>([
    [
      'a gate is added',
      world => setGates(world, 'a', 'g', 'h'),
      /schedulingGates: can only be taken away.*"h"/,
    ],
    [
      'one is put up on a task that was made without',
      async world => {
        await world.addTask('b', {})
        await setGates(world, 'b', 'h')
      },
      /schedulingGates: can only be taken away.*"h"/,
    ],
    [
      'a gate is named twice',
      world => world.addTask('b', gates('g', 'g')),
      /schedulingGates: must be named once/,
    ],
    [
      'somebody binds it',
      world =>
        world.env.run(() =>
          world.store.modify(Task, { namespace, name: 'a' }, draft => {
            draft.spec.nodeName = 'n1'
          }),
        ),
      /nodeName: must wait until spec.schedulingGates is empty/,
    ],
  ])('is left as it is when %s', async (_what, act, expected) => {
    const world = createCluster()
    await world.addTask('a', gates('g'))
    const before = world.store.get(Task, { namespace, name: 'a' })
    await expect(act(world)).rejects.toThrow(expected)
    expect(world.store.get(Task, { namespace, name: 'a' })).toBe(before)
  })

  test('a pass over a queue tries what has no gates, as if the others were not there', () => {
    const queued = fc.record({
      cpu: fc.integer({ min: 1, max: 4 }),
      isGated: fc.boolean(),
      gang: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(queued, { maxLength: 8 }), all => {
        const queue = all.map(({ cpu: amount, isGated, gang }, index) => ({
          request: { key: `t${index}`, requests: { cpu: amount } },
          createdAtMs: index,
          ...(isGated ? { gates: ['g'] } : {}),
          ...(gang === undefined ? {} : { gang }),
        }))
        const pass = (which: typeof queue) => {
          const scheduler = createScheduler()
          for (const name of ['n1', 'n2']) scheduler.addNode({ name, allocatable: { cpu: 5 } })
          return schedulePass(scheduler, which, { minMembers: () => 2 })
        }
        const [result, without] = [pass(queue), pass(queue.filter(one => one.gates === undefined))]
        expect(result.placed).toEqual(without.placed)
        for (const { request, gates: names } of queue)
          expect(result.waiting.get(request.key)).toEqual(
            names === undefined ? without.waiting.get(request.key) : { kind: 'gated', gates: names },
          )
      }),
      { numRuns: 50, seed: 11 },
    )
  })
})

describe('a limit of tasks that wait', () => {
  test('those beyond say so, and are looked at in the order they came when others go', async () => {
    const world = createCluster()
    await run(world, { waitingMax: 2 })
    for (const name of ['a', 'b', 'c', 'd']) await world.addTask(name, cpu('1'))
    const reasons = () => ['a', 'b', 'c', 'd'].map(name => world.scheduled(name).split(':')[0])
    const [waits, aside] = ['False Unschedulable', 'False TooLarge']
    expect(reasons()).toEqual([waits, waits, aside, aside])
    expect(world.scheduled('c')).toContain('2 tasks wait already (waitingMax)')
    await deleteTask(world, 'b')
    await world.env.advance(20_000)
    expect(reasons()).toEqual([waits, 'none', waits, aside])
    await world.addNode('n1', { cpu: 3 })
    await world.env.advance(20_000)
    expect(boundTasks(world)).toEqual(['a', 'c', 'd'])
  })

  test('a task that is left aside is taken up after a restart, too', async () => {
    const world = createCluster()
    for (const name of ['a', 'b', 'c']) await world.addTask(name, cpu('1'))
    await world.addNode('n1', { cpu: 3 })
    await run(world, { waitingMax: 1 })
    await world.env.advance(20_000)
    expect(boundTasks(world)).toEqual(['a', 'b', 'c'])
  })

  test.each([0, 1_000_001, 1.5])('%s is no such limit', async waitingMax => {
    await expect(run(createCluster(), { waitingMax })).rejects.toThrow(/waitingMax/)
  })

  test('a queue of more than a million requests is refused, and nothing of it is placed', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n1', allocatable: {} })
    const one = { request: { key: 'a' }, createdAtMs: 0 }
    const queue = new Array<typeof one>(1_000_001).fill(one)
    expect(() => schedulePass(scheduler, queue)).toThrow(expect.objectContaining({ code: 'TooLarge' }))
    expect(scheduler.taskCount).toBe(0)
  })
})
