import { findCondition, isConditionTrue, isTaskFinished, Node, Task } from '../../../src/api/index.js'
import { createSchedulingController } from '../../../src/scheduling/index.js'
import type { ObjectInput, Reader, StoredObject } from '../../../src/store/index.js'
import type { Incident, Invariant } from '../../../src/testing/index.js'
import { assignmentsStay, nodesHold } from '../../simulation/fixtures/object-laws.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { keeps, onChange, whenAtRest } from './write-law.js'

const time = '2026-01-01T00:00:00.000Z'

function node(name: string, cpu: number, spec: object = { unschedulable: false }): ObjectInput {
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: time }
  return {
    kind: 'Node',
    metadata: { name, labels: { disk: name } },
    spec,
    status: { capacity: { cpu, pods: 10 }, conditions: [ready] },
  }
}

function task(name: string, cpu: number, spec: object = {}): ObjectInput {
  return {
    kind: 'Task',
    metadata: { namespace: 'default', name },
    spec: { resources: { requests: { cpu } }, ...spec },
  }
}

const boundWhereItMay = onChange('a task is bound where it may be', Task, ({ before, now }, { reader }) => {
  const name = now?.spec.nodeName
  if (name === undefined || before?.spec.nodeName === name) return true
  const taken = reader.get(Node, { name })
  const wanted = now?.spec.nodeSelector?.['disk'] ?? name
  return (
    taken?.spec.unschedulable !== true &&
    isConditionTrue(taken?.status?.conditions, 'Ready') &&
    wanted === name
  )
})

const laws: readonly Invariant[] = [
  keeps('no node holds more than it can', () => nodesHold),
  keeps('a task is bound once', () => assignmentsStay),
  boundWhereItMay,
]

/** Bound tasks say so, the others say why not. */
const everybodyIsToldSo = (reader: Reader): boolean =>
  reader.list(Task).items.every(({ spec, status }) => {
    const scheduled = findCondition(status?.conditions, 'Scheduled')
    return spec.nodeName === undefined
      ? scheduled?.status === 'False' && scheduled.reason === 'Unschedulable'
      : scheduled?.status === 'True'
  })

function bound(reader: Reader): number {
  return reader.list(Task).items.filter(({ spec }) => spec.nodeName !== undefined).length
}

/** Which task gets which node, and who is left over, is the scheduler's choice. */
const withoutPlaces = (object: StoredObject): StoredObject | undefined =>
  object.kind === 'Task' ? undefined : object

const setReady =
  (status: 'True' | 'Unknown'): Incident['run'] =>
  ({ store }) =>
    store.modifyStatus(Node, { name: 'n1' }, draft => {
      for (const condition of draft.status?.conditions ?? []) condition.status = status
    })
const silence: Incident = {
  name: 'Node n1 falls silent',
  run: setReady('Unknown'),
  undo: setReady('True'),
}

/** Ends, and gives its room back. */
const end: Incident = {
  name: 'Task a ends',
  when: reader => reader.get(Task, { namespace: 'default', name: 'a' })?.spec.nodeName !== undefined,
  run: ({ store }) =>
    store.modifyStatus(Task, { namespace: 'default', name: 'a' }, draft => {
      draft.status = { ...draft.status, phase: 'Succeeded' }
    }),
}

const kinds = [Node, Task]
const tasks = ['a', 'b', 'c'].map(name => task(name, 2))

const cases: readonly OwnCase[] = [
  {
    name: 'scheduling with room for all, on one node or the other',
    make: () => createSchedulingController(),
    options: {
      kinds,
      objects: [node('n1', 4), node('n2', 4), ...tasks],
      // Whoever asked for something else when it was bound stays bound.
      faults: { edit: { target: ({ label }) => label.includes('Node') } },
      incidents: [silence],
      compared: withoutPlaces,
      invariants: [
        ...laws,
        whenAtRest('everybody is bound', reader => bound(reader) === 3),
        whenAtRest('everybody says so', everybodyIsToldSo),
      ],
    },
  },
  {
    name: 'scheduling without room for all',
    make: () => createSchedulingController({ concurrency: 2 }),
    options: {
      kinds,
      objects: [node('n1', 4), ...tasks],
      faults: { edit: { target: ({ label }) => label.includes('Node') } },
      incidents: [silence, end],
      compared: withoutPlaces,
      invariants: [
        ...laws,
        whenAtRest('the room is used', reader => {
          const ended = reader.list(Task).items.some(isTaskFinished)
          return bound(reader) === (ended ? 3 : 2)
        }),
        whenAtRest('everybody says so', everybodyIsToldSo),
      ],
    },
  },
  {
    name: 'scheduling to the only node that fits',
    make: () => createSchedulingController(),
    options: {
      kinds,
      objects: [
        node('n1', 4),
        node('n2', 4),
        task('a', 2, { nodeSelector: { disk: 'n2' } }),
        task('b', 2, { nodeSelector: { disk: 'n2' } }),
        task('c', 0, { nodeSelector: { disk: 'nowhere' } }),
      ],
      faults: { edit: { target: ({ label }) => label.includes('Node') } },
      incidents: [silence],
      invariants: [...laws, whenAtRest('everybody says so', everybodyIsToldSo)],
    },
  },
  {
    name: 'two schedulers on one store',
    make: () => createSchedulingController(),
    options: {
      kinds,
      objects: [node('n1', 4), node('n2', 4), ...tasks],
      instances: 2,
      faults: { edit: { target: ({ label }) => label.includes('Node') } },
      compared: withoutPlaces,
      invariants: [
        ...laws,
        whenAtRest('everybody is bound', reader => bound(reader) === 3),
        whenAtRest('everybody says so', everybodyIsToldSo),
      ],
    },
  },
]

runUnderCheck(cases)
