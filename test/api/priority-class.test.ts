import { beforeEach, describe, expect, test } from 'vitest'
import type { PriorityClassSpec, TaskSpec } from '../../src/api/index.js'
import { PriorityClass, priorityAdmission, Task } from '../../src/api/index.js'
import type { Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'

let store: Store

beforeEach(async () => {
  store = createStore({ kinds: [PriorityClass, Task], admission: [priorityAdmission(() => store)] })
  await named('high', { value: 1_000 })
  await named('patient', { value: 500, preemptionPolicy: 'Never' })
})

function named(name: string, spec: PriorityClassSpec): Promise<PriorityClass> {
  return store.create(PriorityClass, { metadata: { name }, spec })
}

function made(spec: TaskSpec): Promise<Task> {
  return store.create(Task, { metadata: { namespace: 'default', generateName: 'task-' }, spec })
}

describe('a new task', () => {
  test.each([
    ['has the value of its class', { priorityClassName: 'high' }, { priority: 1_000 }],
    ['may name the same value', { priorityClassName: 'high', priority: 1_000 }, { priority: 1_000 }],
    ['has its policy, too', { priorityClassName: 'patient' }, { priority: 500, preemptionPolicy: 'Never' }],
    [
      'has a policy of its own before that of its class',
      { priorityClassName: 'patient', preemptionPolicy: 'PreemptLowerPriority' },
      { preemptionPolicy: 'PreemptLowerPriority' },
    ],
    ["may be the system's", { priorityClassName: 'system-node-critical' }, { priority: 2_000_001_000 }],
  ] as const)('%s', async (_what, spec, wanted) => {
    expect((await made(spec)).spec).toMatchObject({ ...spec, ...wanted })
  })

  test('without a class is left as it is, where none is the default', async () => {
    expect((await made({})).spec).toEqual({})
  })

  test('gets the default with the least value, unless it says a priority', async () => {
    await named('b', { value: 20, globalDefault: true })
    await named('a', { value: 10, globalDefault: true })
    await named('c', { value: 10, globalDefault: true })
    expect((await made({})).spec).toEqual({ priorityClassName: 'a', priority: 10 })
    expect((await made({ priority: 7 })).spec).toEqual({ priority: 7 })
  })

  test('keeps what it got when its class is deleted or the default changes', async () => {
    const task = await made({ priorityClassName: 'high' })
    await store.delete(PriorityClass, { name: 'high' })
    await named('all', { value: 1, globalDefault: true })
    const later = await store.modify(Task, task.metadata, draft => void (draft.spec.nodeName = 'n1'))
    expect(later.spec).toEqual({ priorityClassName: 'high', priority: 1_000, nodeName: 'n1' })
  })

  test.each([
    [{ priorityClassName: 'hihg' }, 'spec.priorityClassName', 'there is no PriorityClass of that name'],
    [{ priorityClassName: 'high', priority: 1 }, 'spec.priority', 'is not that of the class high, 1000'],
  ])('is refused with %o', async (spec, field, why) => {
    const message = expect.stringContaining(why)
    const problems = [expect.objectContaining({ field, message })]
    await expect(made(spec)).rejects.toMatchObject({ code: 'Invalid', details: { problems } })
  })

  test.each([
    ['priorityClassName', 'patient'],
    ['priority', 2_000_000_000],
    ['preemptionPolicy', 'Never'],
  ] as const)('keeps what its class gave: %s', async (field, value) => {
    const task = await made({ priorityClassName: 'high' })
    const change = store.modify(
      Task,
      task.metadata,
      draft => void Object.assign(draft.spec, { [field]: value }),
    )
    await expect(change).rejects.toThrow(`spec.${field}: cannot be changed`)
  })
})

test.each([
  ['system-mine', { value: 1 }, 'metadata.name'],
  ['above', { value: 1_000_000_001 }, 'spec.value'],
  ['none', {}, 'value'],
  ['other', { value: 1, preemptionPolicy: 'never' }, 'spec.preemptionPolicy'],
])('the class %s is refused with %o', async (name, spec, field) => {
  await expect(named(name, spec as PriorityClassSpec)).rejects.toThrow(field)
})

test.each(['value', 'preemptionPolicy'] as const)('the %s of a class stays', async field => {
  const other = { value: 2, preemptionPolicy: 'Never' } as const
  const change = store.modify(
    PriorityClass,
    { name: 'high' },
    draft => void Object.assign(draft.spec, { [field]: other[field] }),
  )
  await expect(change).rejects.toThrow(`spec.${field}: cannot be changed`)
})
