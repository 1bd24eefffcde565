import type { AdmissionReply, ObjectInput, Reader, StoreAdmissionHook } from '../store/index.js'
import type { PriorityClassSpec } from './priority-class.js'
import { PriorityClass, SYSTEM_PRIORITIES } from './priority-class.js'
import type { TaskSpec } from './task.js'
import { Task } from './task.js'

/**
 * A hook of a store that gives each new `Task` the priority of its class: `spec.priorityClassName`, or the class that is the
 * default. `spec.priority` and `spec.preemptionPolicy` are written when the task is made, and a class that is changed or
 * deleted later changes nothing about it. As Kubernetes' admission of priorities.
 *
 * Refused, with `InvalidError`: a class that there is not; a priority beside it that is another one; a change of
 * `spec.priorityClassName`, or of the priority and policy of a task that has one. Without a class that is the default, a task that names none is left as it is.
 *
 * @param reader what is read when a task is made: the store that has the hook, which must know `PriorityClass`
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { PriorityClass, priorityAdmission, Task } from 'keelson/api'
 * import { createStore, type Store } from 'keelson/store'
 *
 * const store: Store = createStore({ kinds: [PriorityClass, Task], admission: [priorityAdmission(() => store)] })
 * await store.create(PriorityClass, { metadata: { name: 'urgent' }, spec: { value: 1_000 } })
 * const task = await store.create(Task, {
 *   metadata: { namespace: 'default', name: 'pay' },
 *   spec: { priorityClassName: 'urgent' },
 * })
 * assert.equal(task.spec.priority, 1_000)
 * ```
 */
export function priorityAdmission(reader: () => Reader): StoreAdmissionHook {
  return {
    name: 'priority',
    phase: 'mutate',
    kinds: [Task],
    handle: ({ object, previous }) =>
      previous === undefined
        ? withPriority(reader(), object as ObjectInput<TaskSpec>)
        : unchangedClass(object.spec as TaskSpec, previous.spec as TaskSpec),
  }
}

const CLASS_FIELD = 'spec.priorityClassName'

function withPriority(reader: Reader, object: ObjectInput<TaskSpec>): AdmissionReply {
  const { spec } = object
  const name = spec.priorityClassName ?? (spec.priority === undefined ? defaultClass(reader) : undefined)
  if (name === undefined) return undefined
  const found = SYSTEM_PRIORITIES.get(name) ?? reader.get(PriorityClass, { name })?.spec
  if (found === undefined)
    return {
      problems: [
        {
          field: CLASS_FIELD,
          value: name,
          message: 'there is no PriorityClass of that name; create it first',
        },
      ],
    }
  const { value, preemptionPolicy } = found
  if (spec.priority !== undefined && spec.priority !== value) {
    const message = `is not that of the class ${name}, ${value}; leave it out`
    return { problems: [{ field: 'spec.priority', value: spec.priority, message }] }
  }
  const policy = spec.preemptionPolicy ?? preemptionPolicy
  return {
    object: {
      ...object,
      spec: {
        ...spec,
        priorityClassName: name,
        priority: value,
        ...(policy === undefined ? {} : { preemptionPolicy: policy }),
      },
    },
  }
}

/** The class with the least value of those that are for all, by name where they are equal. */
function defaultClass(reader: Reader): string | undefined {
  let best: { readonly name: string; readonly spec: PriorityClassSpec } | undefined
  for (const { metadata, spec } of reader.list(PriorityClass).items)
    if (spec.globalDefault === true && (best === undefined || spec.value < best.spec.value))
      best = { name: metadata.name, spec }
  return best?.name
}

/** What a class has given stays: else who may change a task could give it the priority of any class. */
const GIVEN = ['priorityClassName', 'priority', 'preemptionPolicy'] as const

function unchangedClass(spec: TaskSpec, previous: TaskSpec): AdmissionReply {
  const fields = previous.priorityClassName === undefined ? (['priorityClassName'] as const) : GIVEN
  const message = 'cannot be changed: make another task'
  return {
    problems: fields
      .filter(field => spec[field] !== previous[field])
      .map(field => ({ field: `spec.${field}`, value: spec[field], message })),
  }
}
