import { beforeEach, describe, expect, test } from 'vitest'
import { Cell, isTaskActive, SlotSet, Task } from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createGarbageCollector } from '../../../src/reconcile/index.js'
import { decideRestart } from '../../../src/workloads/slots/restart-policy.js'
import { ref } from '../../fixtures/kinds.js'
import type { SetWorld } from './set-world.js'
import { createSetWorld } from './set-world.js'

let world: SetWorld

beforeEach(async () => {
  world = await createSetWorld()
})

const status = () => world.store.get(SlotSet, ref('web'))?.status
const active = () => world.store.list(Task).items.filter(isTaskActive)

/** A task ends, its node lets it go, and somebody deletes it, all before any loop has looked. */
async function endAndDelete(phase: 'Failed' | 'Succeeded'): Promise<void> {
  const [task] = active()
  if (task === undefined) throw new Error('no task runs')
  const finishTime = formatTime(world.env.clock.now())
  await world.store.transact(tx => {
    tx.updateStatus(Task, { ...task, status: { ...task.status, phase, finishTime } })
    tx.modify(Task, task.metadata, draft => {
      draft.metadata.finalizers = draft.metadata.finalizers.filter(name => name !== 'example.com/kubelet')
    })
    tx.delete(Task, task.metadata)
  })
  await world.after(20_000)
}

describe('an end is counted, also of a task that is deleted at once', () => {
  test('a job in slots does not run again what has ended well', async () => {
    await world.slots({ mode: 'replicated-job', totalCompletions: 2, maxConcurrent: 1 })
    await world.after(10_000)
    const made = world.countMade()
    await endAndDelete('Succeeded')
    expect([made.count, status()?.completedTasks]).toEqual([1, 1])
    await endAndDelete('Succeeded')
    expect([made.count, status()?.completedTasks]).toEqual([1, 2])
    expect(world.store.list(Task).items).toEqual([])
  })

  test('and an attempt that has failed is one of those that are allowed', async () => {
    await world.slots({ mode: 'replicated-job', restartPolicy: { delaySeconds: 1, maxAttempts: 1 } })
    await world.after(10_000)
    const made = world.countMade()
    await endAndDelete('Failed')
    await endAndDelete('Failed')
    await world.after(60_000)
    expect([made.count, status()?.stoppedTasks]).toEqual([1, 1])
  })

  test('of a cell that is taken away by force nothing is left', async () => {
    await world.slots({ replicas: 1 })
    await world.after(10_000)
    const [task] = active()
    const [cell] = world.store.list(Cell).items
    if (task === undefined || cell === undefined) throw new Error('no task runs')
    await world.store.transact(tx => {
      tx.modify(Cell, cell.metadata, draft => void (draft.metadata.finalizers = []))
      tx.delete(Cell, cell.metadata)
    })
    await world.store.delete(Task, task.metadata)
    await world.after(20_000)
    expect(world.store.get(Task, task.metadata)).toBeUndefined()
    expect(active()).toHaveLength(1)
  })
})

describe('no task is held for a cell that does not count it any more', () => {
  const leave = async (propagationPolicy: 'Orphan' | 'Background' | 'Foreground'): Promise<void> => {
    await world.start(createGarbageCollector({ kinds: [Cell, SlotSet, Task] }))
    await world.slots({ replicas: 2 })
    await world.after(10_000)
    await world.store.delete(SlotSet, ref('web'), { propagationPolicy })
    await world.after(60_000)
  }

  test.each(['Background', 'Foreground'] as const)('a set that is deleted, %s', async policy => {
    await leave(policy)
    expect([world.store.count(Cell), world.store.count(Task)]).toEqual([0, 0])
  })

  test('a cell that is orphaned, then deleted', async () => {
    await leave('Orphan')
    const cells = world.store.list(Cell).items
    expect([cells.length, active().length]).toEqual([2, 2])
    for (const { metadata } of cells) await world.store.delete(Cell, metadata)
    await world.after(60_000)
    expect([world.store.count(Cell), world.store.count(Task)]).toEqual([0, 0])
  })

  test('a task that is orphaned, then deleted', async () => {
    await leave('Orphan')
    for (const { metadata } of world.store.list(Cell).items)
      await world.store.delete(Cell, metadata, { propagationPolicy: 'Orphan' })
    await world.after(60_000)
    for (const { metadata } of world.store.list(Task).items) await world.store.delete(Task, metadata)
    await world.after(60_000)
    expect([world.store.count(Cell), world.store.count(Task)]).toEqual([0, 0])
  })

  test('a task that loses its owner while no loop looks', async () => {
    await world.slots({ replicas: 1 })
    await world.after(10_000)
    const [task] = active()
    if (task === undefined) throw new Error('no task runs')
    await world.store.modify(Task, task.metadata, draft => void (draft.metadata.ownerReferences = []))
    await world.store.delete(Task, task.metadata)
    await world.after(60_000)
    expect(world.store.get(Task, task.metadata)).toBeUndefined()
  })
})

describe('restarts without a delay', () => {
  test('that come within one moment all count in a window', async () => {
    await world.slots({ restartPolicy: { delaySeconds: 0, maxAttempts: 3, windowSeconds: 600 } })
    await world.after(10_000)
    const made = world.countMade()
    for (let round = 0; round < 10; round += 1) {
      const [task] = active()
      if (task === undefined) break
      await world.store.modifyStatus(Task, task.metadata, draft => void (draft.status = { phase: 'Failed' }))
      await world.env.settle()
    }
    expect([made.count, status()?.stoppedTasks]).toEqual([3, 1])
  })

  test('count also after the clock was put back', () => {
    const policy = { maxAttempts: 1, windowMs: 600_000 }
    const record = { total: 1, timesMs: [3_600_000] }
    const back = decideRestart(policy, record, { succeeded: false, atMs: 0 })
    expect(back).toEqual({ record: { total: 1, timesMs: [0] } })
    // The window begins again, instead of lasting until the clock has caught up.
    expect(decideRestart(policy, back.record, { succeeded: false, atMs: 600_000 })).toHaveProperty(
      'restartAtMs',
    )
  })
})
