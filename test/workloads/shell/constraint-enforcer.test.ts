import { beforeEach, describe, expect, test } from 'vitest'
import type { NodeStatus, TaskSpec } from '../../../src/api/index.js'
import { Event, Node, Task } from '../../../src/api/index.js'
import { createConstraintEnforcer } from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'

let world: World

beforeEach(async () => {
  world = createWorld({ kinds: [Event, Node, Task] })
  await world.store.create(Node, {
    metadata: { name: 'n1', labels: { disk: 'ssd', rack: 'r1' } },
    spec: {},
    status: { capacity: { cpu: 4, memory: '8Gi', 'example.com/fpga': 1 } },
  })
})

const task = async (name: string, spec: TaskSpec = {}): Promise<void> => {
  await world.store.create(Task, {
    metadata: { ...ref(name), labels: { name } },
    spec: { nodeName: 'n1', ...spec },
  })
  await world.env.advance(1_000)
}
const labels = async (wanted: Readonly<Record<string, string>>): Promise<void> => {
  await world.store.modify(Node, { name: 'n1' }, draft => void (draft.metadata.labels = { ...wanted }))
  await world.env.settle()
}
const capacity = async (amounts: NodeStatus['capacity'] & {}): Promise<void> => {
  await world.store.modifyStatus(Node, { name: 'n1' }, draft => void (draft.status = { capacity: amounts }))
  await world.env.settle()
}
const left = (): string =>
  world.store
    .list(Task)
    .items.map(({ metadata }) => metadata.name)
    .sort()
    .join(' ')
const notes = (): readonly string[] =>
  world.store
    .list(Event)
    .items.map(({ spec }) => `${spec.regarding.name} ${spec.reason}: ${spec.note}`)
    .sort()

describe('a task that its node no longer suits', () => {
  test('goes when a label or a constraint that it asks for does not hold any more', async () => {
    await world.start(createConstraintEnforcer())
    await task('any')
    await task('ssd', { nodeSelector: { disk: 'ssd' } })
    await task('rack', { constraints: [{ attribute: 'rack', operator: 'equals', value: 'r1' }] })
    expect(left()).toBe('any rack ssd')
    await labels({ disk: 'hdd', rack: 'r1' })
    expect(left()).toBe('any rack')
    await labels({ disk: 'hdd', rack: 'r2' })
    expect(left()).toBe('any')
    expect(notes()).toEqual([
      'rack Misplaced: evicted from node n1: the constraint on rack does not hold',
      'ssd Misplaced: evicted from node n1: the label disk is not ssd',
    ])
  })

  test('goes when there is no room for it beside the older ones; those after it are looked at, too', async () => {
    await world.start(createConstraintEnforcer())
    await task('a', { resources: { requests: { cpu: 1, 'example.com/fpga': 1 } } })
    await task('b', { resources: { requests: { cpu: 2 } } })
    await task('c', { resources: { requests: { cpu: 1 } } })
    expect(left()).toBe('a b c')
    await capacity({ cpu: 2 })
    expect(left()).toBe('b')
    expect(notes().map(note => note.slice(note.indexOf('there')))).toEqual([
      'there is not enough example.com/fpga for it',
      'there is not enough cpu for it',
    ])
  })

  test('stays where no new tasks are taken', async () => {
    await world.start(createConstraintEnforcer())
    await task('ssd', { nodeSelector: { disk: 'ssd' } })
    await world.store.modify(Node, { name: 'n1' }, draft => void (draft.spec.unschedulable = true))
    await labels({})
    await world.env.advance(60_000)
    expect(left()).toBe('ssd')
  })

  test('stays if it is not selected, and keeps its room', async () => {
    await world.start(createConstraintEnforcer({ selector: { matchLabels: { name: 'b' } } }))
    await task('a', { resources: { requests: { cpu: 3 } } })
    await task('b', { resources: { requests: { cpu: 1 } } })
    await capacity({ cpu: 2 })
    expect(left()).toBe('a')
  })

  test('stays on a node that says nothing of amounts', async () => {
    await world.start(createConstraintEnforcer())
    await task('a', { resources: { requests: { cpu: 3 } } })
    await world.store.modifyStatus(Node, { name: 'n1' }, draft => void (draft.status = {}))
    await world.env.settle()
    expect(left()).toBe('a')
  })
})

test.each([
  [{ concurrency: 0 }, 'Invalid'],
  [{ selectors: {} }, 'Usage'],
])('a constraint enforcer is refused with %o', (options, code) => {
  expect(() => createConstraintEnforcer(options as object)).toThrow(expect.objectContaining({ code }))
})
