import { beforeEach, describe, expect, test } from 'vitest'
import { Cell, isTaskActive, isTaskFinished, Node, SlotSet, Task } from '../../../src/api/index.js'
import { undo } from '../../../src/rollout/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { SetWorld } from './set-world.js'
import { createSetWorld, withImage } from './set-world.js'

let world: SetWorld

beforeEach(async () => {
  world = await createSetWorld()
})

const status = () => world.store.get(SlotSet, ref('web'))?.status
const cells = () => world.store.list(Cell).items
const slots = () =>
  cells()
    .map(({ spec }) => spec.ordinal ?? 0)
    .sort((a, b) => a - b)
const tasksOf = (slot: number) => {
  const uid = cells().find(({ spec }) => spec.ordinal === slot)?.metadata.uid ?? ''
  return world.store.list(Task, { index: { name: 'controller', value: uid } }).items
}
const active = () => world.store.list(Task).items.filter(isTaskActive)
const ended = () => world.store.list(Task).items.filter(isTaskFinished)
const condition = (type: string) => status()?.conditions?.find(each => each.type === type)

/** Ends a task as its node would. */
async function end(task: Task | undefined, phase: 'Failed' | 'Succeeded'): Promise<void> {
  if (task === undefined) throw new Error('there is no such task')
  await world.store.modifyStatus(Task, task.metadata, draft => {
    draft.status = { ...draft.status, phase, finishTime: new Date(world.env.clock.now()).toISOString() }
  })
}

describe('a replicated set', () => {
  test('has one task in each slot from 1, and fills the lowest free ones', async () => {
    await world.slots({ replicas: 3 })
    await world.after(10_000)
    expect(slots()).toEqual([1, 2, 3])
    expect(active()).toHaveLength(3)
    expect(status()).toMatchObject({ desiredTasks: 3, runningTasks: 3, availableTasks: 3, completedTasks: 0 })
    const second = cells().find(({ spec }) => spec.ordinal === 2)
    await world.store.delete(Cell, second?.metadata ?? ref('none'))
    await world.change('slots', { replicas: 4 })
    await world.after(20_000)
    // Its number was not free before its task had stopped.
    expect(slots()).toHaveLength(4)
    expect(new Set(slots()).size).toBe(4)
  })

  test('that shrinks gives up what does not run, then what is crowded on its node', async () => {
    await world.slots({ replicas: 4 })
    await world.after(10_000)
    const nodes = new Map([
      [1, 'n1'],
      [2, 'n1'],
      [3, 'n2'],
      [4, 'n3'],
    ])
    for (const [slot, node] of nodes)
      for (const task of tasksOf(slot))
        await world.store.modify(Task, task.metadata, draft => void (draft.spec.nodeName = node))
    await world.change('slots', { replicas: 3 })
    await world.after(10_000)
    expect(slots()).toEqual([1, 3, 4])
  })

  test('knows the node of a slot beside what has ended in it, also without the time of that', async () => {
    await world.slots({ replicas: 3, restartPolicy: { delaySeconds: 0 } })
    await world.after(10_000)
    const [failed] = tasksOf(1).filter(isTaskActive)
    await world.store.modifyStatus(Task, failed?.metadata ?? ref('none'), draft => {
      draft.status = { phase: 'Failed' }
    })
    await world.after(10_000)
    expect(tasksOf(1)).toHaveLength(2)
    for (const [slot, node] of [
      [1, 'n1'],
      [2, 'n2'],
      [3, 'n2'],
    ] as const)
      for (const task of tasksOf(slot).filter(isTaskActive))
        await world.store.modify(Task, task.metadata, draft => void (draft.spec.nodeName = node))
    await world.change('slots', { replicas: 2 })
    await world.after(10_000)
    expect(slots()).toEqual([1, 2])
  })

  test('restarts after the delay, and keeps the last few tasks', async () => {
    await world.slots({ taskHistoryLimit: 3 })
    await world.after(10_000)
    for (let round = 0; round < 5; round += 1) {
      await end(tasksOf(1).find(isTaskActive), 'Failed')
      await world.after(4_000)
      expect(active()).toEqual([])
      await world.after(3_000)
      expect(active()).toHaveLength(1)
    }
    expect(world.store.list(Task).items).toHaveLength(3)
    expect(cells()[0]?.status).toMatchObject({ failures: 5 })
  })

  test.each([
    ['any', 'Succeeded', undefined],
    ['on-failure', 'Succeeded', 'Complete'],
    ['on-failure', 'Failed', undefined],
    ['none', 'Succeeded', 'Complete'],
    ['none', 'Failed', 'Stopped'],
  ] as const)('with the condition %s what has %s leaves its slot %s', async (restart, phase, left) => {
    await world.slots({ restartPolicy: { condition: restart } })
    await world.after(10_000)
    await end(active()[0], phase)
    await world.after(60_000)
    expect(cells()[0]?.status?.phase).toBe(left)
    expect(active()).toHaveLength(left === undefined ? 1 : 0)
    expect(status()).toMatchObject({
      completedTasks: left === 'Complete' ? 1 : 0,
      stoppedTasks: left === 'Stopped' ? 1 : 0,
    })
  })

  test('gives a slot up after its attempts, and starts it again with another template', async () => {
    world.failing.add('a')
    const made = world.countMade()
    await world.slots({ replicas: 2, restartPolicy: { delaySeconds: 1, maxAttempts: 2 } })
    await world.after(60_000)
    expect(made.count).toBe(6)
    expect(ended()).toHaveLength(6)
    expect(status()).toMatchObject({ stoppedTasks: 2 })
    await world.change('slots', { ...withImage('b'), onFailure: 'continue' })
    await world.after(60_000)
    expect(active().map(({ spec }) => spec.image)).toEqual(['b', 'b'])
    expect(status()).toMatchObject({ stoppedTasks: 0, availableTasks: 2 })
  })

  test('with a window gives up only what ends too often within it', async () => {
    await world.slots({ restartPolicy: { delaySeconds: 0, maxAttempts: 2, windowSeconds: 10 } })
    await world.after(10_000)
    for (let round = 0; round < 5; round += 1) {
      await end(active()[0], 'Failed')
      await world.after(8_000)
      expect(active()).toHaveLength(1)
    }
    for (let round = 0; round < 3; round += 1) {
      expect(active()).toHaveLength(1)
      await end(active()[0], 'Failed')
      await world.after(2_000)
    }
    expect(active()).toEqual([])
    expect(cells()[0]?.status?.phase).toBe('Stopped')
  })

  test('what somebody deletes is replaced at once, and is no attempt', async () => {
    await world.slots({ restartPolicy: { condition: 'none' } })
    await world.after(10_000)
    for (let round = 0; round < 3; round += 1) {
      await world.store.delete(Task, active()[0]?.metadata ?? ref('none'))
      await world.after(5_000)
      expect(active()).toHaveLength(1)
    }
    expect(cells()[0]?.status).toMatchObject({ failures: 0 })
  })

  test('rolls out slot by slot, and is taken back', async () => {
    await world.slots({ replicas: 3 })
    await world.after(10_000)
    await world.change('slots', withImage('b'))
    const seen: number[] = []
    for (let step = 0; step < 40; step += 1) {
      seen.push(active().length)
      await world.after(500)
    }
    expect(Math.min(...seen)).toBe(2)
    expect(active().map(({ spec }) => spec.image)).toEqual(['b', 'b', 'b'])
    await undo(world.store, ref('web'), { kind: SlotSet, toRevision: 1 })
    await world.after(20_000)
    expect(active().map(({ spec }) => spec.image)).toEqual(['a', 'a', 'a'])
  })
})

describe('a global set', () => {
  test('has one task on each node; a paused node gets none and keeps its own', async () => {
    for (const name of ['n1', 'n2']) await world.node(name)
    await world.slots({ mode: 'global' })
    await world.after(10_000)
    expect(world.nodes()).toBe('n1:a n2:a')
    await world.store.modify(Node, { name: 'n1' }, draft => void (draft.spec.unschedulable = true))
    await world.node('n3', { unschedulable: true })
    await world.node('n4')
    await world.store.delete(Node, { name: 'n2' })
    await world.after(10_000)
    expect(world.nodes()).toBe('n1:a n4:a')
  })
})

describe('a replicated job', () => {
  test('runs so many at once until all have ended well', async () => {
    world.succeeding.add('a')
    let most = 0
    world.store.watch(Task).on(() => {
      most = Math.max(most, active().length)
    })
    await world.slots({ mode: 'replicated-job', totalCompletions: 5, maxConcurrent: 2 })
    await world.after(5_000)
    expect(most).toBe(2)
    expect(slots()).toEqual([0, 1, 2, 3, 4])
    expect(status()).toMatchObject({ completedTasks: 5, runningTasks: 0, desiredTasks: 0 })
    expect(condition('Complete')).toMatchObject({ status: 'True', message: '5 of 5 have ended well' })
    expect(ended()).toHaveLength(5)
  })

  test('whose limit is lowered below what runs ends none of it, and begins none', async () => {
    await world.slots({ mode: 'replicated-job', totalCompletions: 6, maxConcurrent: 4 })
    await world.after(5_000)
    await world.change('slots', { maxConcurrent: 1 })
    await world.after(5_000)
    expect(active()).toHaveLength(4)
    for (const task of active().slice(0, 3)) await end(task, 'Succeeded')
    await world.after(5_000)
    expect(active()).toHaveLength(1)
    expect(slots()).toEqual([0, 1, 2, 3])
  })

  test('does not run again what has used up its attempts', async () => {
    world.failing.add('a')
    const made = world.countMade()
    await world.slots({
      mode: 'replicated-job',
      totalCompletions: 1,
      restartPolicy: { delaySeconds: 0, maxAttempts: 2 },
    })
    await world.after(120_000)
    expect(made.count).toBe(3)
    expect(condition('Failed')).toMatchObject({ status: 'True', reason: 'RestartsExhausted' })
    expect(condition('Complete')).toMatchObject({ status: 'False' })
  })

  test('begins again with another template', async () => {
    world.succeeding.add('a')
    await world.slots({ mode: 'replicated-job', totalCompletions: 2, maxConcurrent: 2 })
    await world.after(5_000)
    expect(condition('Complete')).toMatchObject({ status: 'True' })
    await world.change('slots', withImage('b'))
    await world.after(5_000)
    expect(active().map(({ spec }) => spec.image)).toEqual(['b', 'b'])
    expect(ended()).toEqual([])
    expect(condition('Complete')).toMatchObject({ status: 'False' })
  })
})

describe('a global job', () => {
  test('limits the attempts of each node apart, and leaves what has failed for good alone', async () => {
    for (const name of ['n1', 'n2']) await world.node(name)
    world.failing.add('a')
    const made = world.countMade()
    await world.slots({ mode: 'global-job', restartPolicy: { delaySeconds: 0, maxAttempts: 1 } })
    await world.after(120_000)
    expect(made.count).toBe(4)
    expect(status()).toMatchObject({ stoppedTasks: 2, completedTasks: 0 })
  })

  test('runs once to a good end on each node, and on each that comes later', async () => {
    await world.node('n1')
    world.succeeding.add('a')
    const made = world.countMade()
    await world.slots({ mode: 'global-job' })
    await world.after(30_000)
    expect(made.count).toBe(1)
    expect(condition('Complete')).toMatchObject({ status: 'True' })
    await world.node('n2')
    await world.after(30_000)
    expect(made.count).toBe(2)
    expect(condition('Complete')).toMatchObject({ status: 'True', message: '2 of 2 have ended well' })
  })
})

test.each([
  [{ mode: 'global', replicas: 2 }, 'spec.replicas', 'replicated only'],
  [{ mode: 'global-job', maxConcurrent: 2 }, 'spec.maxConcurrent', 'replicated-job only'],
  [{ mode: 'replicated', totalCompletions: 2 }, 'spec.totalCompletions', 'replicated-job only'],
  [{ mode: 'replicated-job', updateStrategy: { type: 'RollingUpdate' } }, 'spec.updateStrategy', 'job'],
  [{ replicas: -1 }, 'replicas', ''],
  [{ restartPolicy: { condition: 'always' } }, 'condition', ''],
  [{ restartPolicy: { maxAttempts: 101 } }, 'maxAttempts', ''],
  [{ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } } }, 'maxUnavailable', ''],
])('a slot set is refused with %o', async (spec, field, why) => {
  const refusal = world.slots(spec as object)
  await expect(refusal).rejects.toMatchObject({ code: 'Invalid', message: expect.stringContaining(field) })
  await expect(refusal).rejects.toThrow(expect.objectContaining({ message: expect.stringContaining(why) }))
})

test('the mode of a slot set stays', async () => {
  await world.slots()
  const moved = world.change('slots', { mode: 'global' })
  await expect(moved).rejects.toThrow('spec.mode')
})
