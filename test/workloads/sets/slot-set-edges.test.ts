import { beforeEach, describe, expect, test } from 'vitest'
import { Cell, isTaskActive, Node, SlotSet, Task } from '../../../src/api/index.js'
import { createConstraintEnforcer } from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { SetWorld } from './set-world.js'
import { createSetWorld } from './set-world.js'

let world: SetWorld

beforeEach(async () => {
  world = await createSetWorld()
})

const complete = () =>
  world.store.get(SlotSet, ref('web'))?.status?.conditions?.find(({ type }) => type === 'Complete')
const active = () => world.store.list(Task).items.filter(isTaskActive)
const phases = () => world.store.list(Cell).items.map(({ status }) => status?.phase)

/** Ends the task that runs, of that node if one is named. */
async function end(phase: 'Failed' | 'Succeeded', node?: string): Promise<void> {
  const task = active().find(({ spec }) => node === undefined || spec.nodeName === node)
  if (task === undefined) throw new Error('no task runs')
  await world.store.modifyStatus(Task, task.metadata, draft => {
    draft.status = { ...draft.status, phase, finishTime: new Date(world.env.clock.now()).toISOString() }
  })
}

async function taint(name: string, effect: 'NoSchedule' | 'NoExecute' | undefined): Promise<void> {
  await world.store.modify(Node, { name }, draft => {
    draft.spec.taints = effect === undefined ? [] : [{ key: 'work', effect }]
  })
  await world.after(10_000)
}

describe('a global job', () => {
  test.each([
    ['takes no new tasks', () => taint('n1', 'NoSchedule')],
    ['takes no tasks at all', () => taint('n1', 'NoExecute')],
    ['is silent', () => world.hears('n1', 'Unknown')],
    ['has gone', () => world.store.delete(Node, { name: 'n1' })],
  ])('is not complete while a node works, although one that has done its part %s', async (_, happens) => {
    for (const name of ['n1', 'n2']) await world.node(name)
    await world.slots({ mode: 'global-job' })
    await world.after(10_000)
    await end('Succeeded', 'n1')
    await world.after(5_000)
    expect(complete()).toMatchObject({ status: 'False', message: '1 of 2 have ended well' })
    await happens()
    await world.after(10_000)
    expect(complete()).toMatchObject({ status: 'False' })
    await end('Succeeded', 'n2')
    await world.after(5_000)
    expect(complete()).toMatchObject({ status: 'True' })
  })

  test('is not complete while the cell of a node that has not done its part is on its way out', async () => {
    for (const name of ['n1', 'n2']) await world.node(name)
    await world.slots({ mode: 'global-job' })
    await world.after(10_000)
    await end('Succeeded', 'n1')
    await world.after(5_000)
    const said = new Set<string | undefined>()
    world.store.watch(SlotSet).on(() => said.add(complete()?.status))
    const cell = world.store.list(Cell).items.find(({ spec }) => spec.nodeName === 'n2')
    await world.store.delete(Cell, cell?.metadata ?? ref('none'))
    await world.after(10_000)
    expect(active()).toHaveLength(1)
    expect([...said]).not.toContain('True')
  })

  test('without a node that takes it is not complete', async () => {
    await world.slots({ mode: 'global-job' })
    await world.after(10_000)
    expect(complete()).toMatchObject({ status: 'False', reason: 'NoNodes' })
  })

  test.each(['NoSchedule', 'NoExecute'] as const)(
    'does not run again on a node that a taint %s has closed for a while',
    async effect => {
      await world.node('n1')
      await world.slots({ mode: 'global-job' })
      await world.after(10_000)
      await end('Succeeded')
      await world.after(5_000)
      const made = world.countMade()
      await taint('n1', effect)
      await taint('n1', undefined)
      expect(made.count).toBe(0)
      expect(phases()).toEqual(['Complete'])
    },
  )

  test('has no more attempts because a taint closed its node in between', async () => {
    await world.node('n1')
    const made = world.countMade()
    world.failing.add('a')
    await world.slots({ mode: 'global-job', restartPolicy: { delaySeconds: 5, maxAttempts: 3 } })
    for (let round = 0; round < 12; round += 1) await taint('n1', round % 2 === 0 ? 'NoSchedule' : undefined)
    await world.after(60_000)
    expect(made.count).toBeLessThanOrEqual(4)
    expect(phases()).toEqual(['Stopped'])
  })
})

describe('a restart policy that is changed', () => {
  test('gives a slot that it gave up the attempts that are allowed now', async () => {
    world.failing.add('a')
    const made = world.countMade()
    await world.slots({ restartPolicy: { delaySeconds: 1, maxAttempts: 1 } })
    await world.after(60_000)
    expect([made.count, phases()]).toEqual([2, ['Stopped']])
    await world.change('slots', { restartPolicy: { delaySeconds: 1, maxAttempts: 3 } })
    await world.after(60_000)
    expect([made.count, phases()]).toEqual([4, ['Stopped']])
  })

  test('starts again what has ended well, if that is what it says now', async () => {
    await world.slots({ restartPolicy: { condition: 'on-failure' } })
    await world.after(10_000)
    await end('Succeeded')
    await world.after(10_000)
    expect(phases()).toEqual(['Complete'])
    await world.change('slots', { restartPolicy: { condition: 'any' } })
    await world.after(10_000)
    expect([phases(), active().length]).toEqual([[undefined], 1])
  })

  test('to none while it waits makes nothing more', async () => {
    await world.slots({ restartPolicy: { delaySeconds: 30 } })
    await world.after(10_000)
    await end('Failed')
    await world.after(10_000)
    await world.change('slots', { restartPolicy: { condition: 'none' } })
    await world.after(60_000)
    expect([phases(), active().length]).toEqual([['Stopped'], 0])
  })

  test('leaves what a window has refused refused, however long ago that was', async () => {
    world.failing.add('a')
    const made = world.countMade()
    await world.slots({ restartPolicy: { delaySeconds: 1, maxAttempts: 1, windowSeconds: 600 } })
    await world.after(60_000)
    expect([made.count, phases()]).toEqual([2, ['Stopped']])
    await world.after(3_600_000)
    await world.change('slots', { taskHistoryLimit: 3 })
    await world.after(60_000)
    expect([made.count, phases()]).toEqual([2, ['Stopped']])
  })
})

test.each(['replicated', 'global', 'replicated-job', 'global-job'] as const)(
  'a slot set of the mode %s writes nothing when nothing changes',
  async mode => {
    await world.node('n1')
    await world.node('n2')
    await world.slots({ mode })
    await world.after(10_000)
    await end('Failed')
    await world.after(30_000)
    const { revision } = world.store
    await world.after(3_600_000)
    expect(world.store.revision).toBe(revision)
  },
)

test('a daemon that its node has no room for is not made and evicted in turns', async () => {
  await world.node('n1')
  await world.store.modifyStatus(Node, { name: 'n1' }, draft => {
    draft.status = { ...draft.status, capacity: { cpu: 4 } }
  })
  await world.start(createConstraintEnforcer())
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { image: 'a', resources: { requests: { cpu: 2 } } },
  }
  await world.daemon({ template })
  await world.after(10_000)
  const made = world.countMade()
  await world.store.modifyStatus(Node, { name: 'n1' }, draft => {
    draft.status = { ...draft.status, capacity: { cpu: 1 } }
  })
  await world.after(60_000)
  expect(made.count).toBe(0)
  expect(active()).toHaveLength(1)
})
