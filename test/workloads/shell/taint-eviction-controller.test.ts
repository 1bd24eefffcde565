import { beforeEach, describe, expect, test } from 'vitest'
import type { NodeSpec, TaskSpec } from '../../../src/api/index.js'
import { Event, Node, Task } from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createTaintEvictionController } from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { Process, World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'

const gpu = { key: 'gpu', value: 'broken', effect: 'NoExecute' } as const
const tolerating = { key: 'gpu', operator: 'Exists', effect: 'NoExecute' } as const
let world: World
let loop: Process

beforeEach(async () => {
  world = createWorld({ kinds: [Event, Node, Task] })
  loop = await world.startProcess('loop', createTaintEvictionController())
  await world.store.create(Node, { metadata: { name: 'n1' }, spec: {} })
  await world.store.create(Node, { metadata: { name: 'n2' }, spec: {} })
  const tolerations: Readonly<Record<string, TaskSpec['tolerations']>> = {
    none: [],
    ten: [{ ...tolerating, tolerationSeconds: 10 }],
    twice: [
      { ...tolerating, tolerationSeconds: 10 },
      { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
    ],
    always: [tolerating],
  }
  for (const [name, list = []] of Object.entries(tolerations))
    await world.store.create(Task, { metadata: ref(name), spec: { nodeName: 'n1', tolerations: list } })
  await world.store.create(Task, { metadata: ref('elsewhere'), spec: { nodeName: 'n2' } })
  await world.env.settle()
})

const taint = async (taints: NonNullable<NodeSpec['taints']>): Promise<void> => {
  await world.store.modify(Node, { name: 'n1' }, draft => void (draft.spec.taints = [...taints]))
  await world.env.settle()
}
const tasks = (): string =>
  world.store
    .list(Task)
    .items.map(({ metadata }) => metadata.name)
    .sort()
    .join(' ')

describe('a NoExecute taint', () => {
  test('that comes and goes each second evicts what does not tolerate it, and no more', async () => {
    for (let second = 0; second < 60; second += 1) {
      await taint(second % 2 === 0 ? [gpu] : [])
      await world.env.advance(1_000)
    }
    expect(tasks()).toBe('always elsewhere ten twice')
    const { revision } = world.store
    await world.env.advance(3_600_000)
    expect(world.store.revision).toBe(revision)
  })

  test('evicts at once what does not tolerate it, and the rest in its time', async () => {
    await taint([gpu])
    expect(tasks()).toBe('always elsewhere ten twice')
    await world.env.advance(4_999)
    expect(tasks()).toBe('always elsewhere ten twice')
    await world.env.advance(1)
    expect(tasks()).toBe('always elsewhere ten')
    await world.env.advance(5_000)
    expect(tasks()).toBe('always elsewhere')
    await world.env.advance(3_600_000)
    expect(tasks()).toBe('always elsewhere')
    const notes = world.store.list(Event).items.map(({ spec }) => `${spec.regarding.name} ${spec.reason}`)
    expect(notes.sort()).toEqual(['none', 'ten', 'twice'].map(name => `${name} TaintManagerEviction`))
  })

  test('that is taken away in time evicts nothing more', async () => {
    await taint([gpu])
    await world.env.advance(4_000)
    await taint([])
    await world.env.advance(60_000)
    expect(tasks()).toBe('always elsewhere ten twice')
  })

  test('counts from when it was seen first, whoever looks', async () => {
    await taint([gpu])
    await world.env.advance(3_000)
    loop.crash()
    await world.env.advance(3_000)
    loop = await world.startProcess('again', createTaintEvictionController())
    await world.env.settle()
    expect(tasks()).toBe('always elsewhere ten')
    await world.env.advance(4_000)
    expect(tasks()).toBe('always elsewhere')
  })

  test('with a time of the future, by a clock that was put back, counts from now', async () => {
    await taint([{ ...gpu, timeAdded: '2030-01-01T00:00:00.000Z' }])
    await world.env.advance(10_000)
    expect(tasks()).toBe('always elsewhere')
  })

  test.each(['NoSchedule', 'PreferNoSchedule'] as const)('%s evicts nothing', async effect => {
    const { revision } = world.store
    await taint([{ ...gpu, effect }])
    await world.env.advance(60_000)
    expect([tasks(), world.store.revision]).toEqual(['always elsewhere none ten twice', revision + 1])
  })

  test('meets a task that comes later, too', async () => {
    await taint([gpu])
    await world.store.create(Task, { metadata: ref('late'), spec: { nodeName: 'n1' } })
    await world.env.settle()
    expect(tasks()).not.toContain('late')
  })

  test('leaves a task that was placed after it the whole of its time, not what is left of it', async () => {
    await taint([gpu])
    await world.env.advance(60_000)
    const spec = { nodeName: 'n1', tolerations: [{ ...tolerating, tolerationSeconds: 10 }] }
    await world.store.create(Task, { metadata: ref('placed'), spec })
    await world.store.create(Task, { metadata: ref('queued'), spec: { tolerations: spec.tolerations } })
    await world.env.advance(9_999)
    expect(tasks()).toBe('always elsewhere placed queued')
    const scheduled = {
      type: 'Scheduled',
      status: 'True',
      reason: 'Scheduled',
      message: '',
      lastTransitionTime: formatTime(world.env.clock.now()),
    } as const
    await world.store.modify(Task, ref('queued'), draft => void (draft.spec.nodeName = 'n1'))
    await world.store.modifyStatus(Task, ref('queued'), draft => {
      draft.status = { conditions: [scheduled] }
    })
    await world.env.advance(9_999)
    expect(tasks()).toBe('always elsewhere queued')
    await world.env.advance(1)
    expect(tasks()).toBe('always elsewhere')
  })
})
