import { beforeEach, describe, expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
import { Event, Job, Node, ReplicaSet, Task } from '../../../src/api/index.js'
import { controllerReference } from '../../../src/reconcile/index.js'
import {
  createConstraintEnforcer,
  createJobController,
  createReplicaController,
  createTaintEvictionController,
} from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'

const labels = { app: 'web' }
const pinned: TaskSpec = { nodeName: 'n1', nodeSelector: { disk: 'ssd' } }
const TAINT = { key: 'broken', effect: 'NoExecute' } as const

let world: World
let madeMs: number[]

beforeEach(async () => {
  world = createWorld({ kinds: [Event, Job, Node, ReplicaSet, Task] })
  madeMs = []
  await world.store.create(Node, { metadata: { name: 'n1', labels: { disk: 'ssd' } }, spec: {} })
  world.store.watch(Task).on(({ events }) => {
    for (const { type } of events) if (type === 'ADDED') madeMs.push(world.env.clock.now())
  })
})

const set = (spec: TaskSpec, replicas = 1) =>
  world.store.create(ReplicaSet, {
    metadata: ref('web'),
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  })
const taint = (taints: readonly (typeof TAINT)[]) =>
  world.store.modify(Node, { name: 'n1' }, draft => void (draft.spec.taints = [...taints]))
const relabel = (disk: string) =>
  world.store.modify(Node, { name: 'n1' }, draft => void (draft.metadata.labels = { disk }))
const notes = (reason: string) =>
  world.store.list(Event).items.flatMap(({ spec }) => (spec.reason === reason ? [spec] : []))

const reasons = [
  ['a taint NoExecute', createTaintEvictionController, () => taint([TAINT])],
  ['a label that is gone', createConstraintEnforcer, () => relabel('hdd')],
] as const

describe.each(reasons)('%s against a template that names its node', (_, evictor, begin) => {
  test('makes and evicts after pauses that double, and says so', async () => {
    await world.start(createReplicaController(), evictor())
    await set(pinned)
    await world.env.advance(1_000)
    await begin()
    const from = world.env.clock.now()
    await world.env.advance(600_000)
    const after = madeMs.slice(1).map(ms => (ms - from) / 1000)
    expect(after).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 511])
    const [told] = notes('EvictionBackOff')
    expect(told).toMatchObject({ type: 'Warning', regarding: { kind: 'Node', name: 'n1' } })
    expect(told?.note).toContain('tasks of ReplicaSet web come back and are evicted')
  })

  test('holds up no task of another owner', async () => {
    await world.start(createReplicaController(), evictor())
    await set(pinned)
    await begin()
    await world.env.advance(60_000)
    await world.store.create(Task, { metadata: ref('other'), spec: pinned })
    await world.env.settle()
    expect(world.store.get(Task, ref('other'))).toBeUndefined()
  })

  test('the same with the tasks of a job', async () => {
    await world.start(createJobController(), evictor())
    await world.store.create(Job, { metadata: ref('sums'), spec: { template: { spec: pinned } } })
    await begin()
    await world.env.advance(600_000)
    expect(madeMs.length).toBeLessThan(15)
  })
})

test('all tasks of an owner that stand on a node go at once', async () => {
  await world.start(createReplicaController(), createTaintEvictionController())
  await set({ nodeName: 'n1' }, 5)
  await world.env.advance(1_000)
  await world.store.delete(ReplicaSet, ref('web'))
  await taint([TAINT])
  await world.env.settle()
  expect(world.store.count(Task)).toBe(0)
})

test('nor does one wait that was there at the first, when its own time comes', async () => {
  await world.start(createTaintEvictionController())
  const owner = await set({}, 0)
  for (let seconds = 1; seconds <= 8; seconds += 1)
    await world.store.create(Task, {
      metadata: { ...ref(`t${seconds}`), ownerReferences: [controllerReference(ReplicaSet, owner)] },
      spec: {
        nodeName: 'n1',
        tolerations: [{ key: 'broken', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }],
      },
    })
  await taint([TAINT])
  const left: number[] = []
  for (let seconds = 1; seconds <= 8; seconds += 1) {
    await world.env.advance(1_000)
    left.push(world.store.count(Task))
  }
  expect([left, notes('EvictionBackOff')]).toEqual([[7, 6, 5, 4, 3, 2, 1, 0], []])
})

test('after ten minutes of peace it begins again without a pause', async () => {
  await world.start(createReplicaController(), createTaintEvictionController())
  await set({ nodeName: 'n1' })
  await taint([TAINT])
  await world.env.advance(60_000)
  await taint([])
  await world.env.advance(600_000)
  const before = madeMs.length
  await taint([TAINT])
  await world.env.settle()
  expect(madeMs.length).toBe(before + 1)
})
