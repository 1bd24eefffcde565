import {
  DisruptionBudget,
  findCondition,
  isConditionTrue,
  isTaskFinished,
  Lease,
  Node,
  Reservation,
  Task,
} from '../../../src/api/index.js'
import type { Manager } from '../../../src/reconcile/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import { createDisruptionController } from '../../../src/rollout/index.js'
import { createSchedulingController } from '../../../src/scheduling/index.js'
import type { ObjectInput, Reader, StoredObject } from '../../../src/store/index.js'
import type { Incident, Invariant, ProcessSite } from '../../../src/testing/index.js'
import { assignmentsStay, nodesHold } from '../../simulation/fixtures/object-laws.js'
import { kubelet } from './neighbours.js'
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

/** Tasks a and c share a quota for one of them. */
const queueOf = ({ metadata }: Task): string => (metadata.name === 'b' ? 'b' : 'shared')
const quota = ['b', 'shared'].map(name => ({ name, guarantee: { cpu: 2_000 } }))

const isOfShared = (task: Task): boolean =>
  queueOf(task) === 'shared' && task.spec.nodeName !== undefined && !isTaskFinished(task)

const queued: OwnCase = {
  name: 'queues with quotas, and a place in the future for the first that waits',
  make: () =>
    createSchedulingController({ queues: { queueOf, quota }, backfill: { runtimeMsOf: () => 1_000 } }),
  options: {
    kinds,
    objects: [node('n1', 4), ...tasks],
    faults: { edit: { target: ({ label }) => label.includes('Node') } },
    incidents: [silence, end],
    compared: withoutPlaces,
    invariants: [
      ...laws,
      onChange('no queue has more than its quota', Task, ({ now }, { reader }) => {
        const isIn = now?.spec.nodeName !== undefined
        return !isIn || reader.list(Task).items.filter(isOfShared).length <= 1
      }),
      whenAtRest('what queues may use is used', reader => {
        const ended = reader.list(Task).items.some(isTaskFinished)
        return bound(reader) === (ended ? 3 : 2)
      }),
      whenAtRest('everybody says so', everybodyIsToldSo),
    ],
  },
  share: 0.5,
}

const gangOfTwo = { gang: { name: 'pair', minMembers: 2 } }

/** How many tasks of a gang have a node. */
const boundOf = (reader: Reader): number =>
  reader.list(Task).items.filter(({ spec }) => spec.gang !== undefined && spec.nodeName !== undefined).length

/** With an election: the one that stands by takes over. */
function elected({ client, name }: ProcessSite): Manager {
  const leaderElection = { kind: Lease, lease: 'scheduler', identity: name }
  const manager = createManager({ client, leaderElection })
  manager.add(createSchedulingController())
  return manager
}

const low = { priority: 1, terminationGracePeriodSeconds: 1 }
const labels = { app: 'guarded' }

const contended: readonly OwnCase[] = [
  {
    name: 'two schedulers, of which one is elected and one stands by',
    make: elected,
    options: {
      kinds: [...kinds, Lease],
      objects: [node('n1', 4), node('n2', 4), ...tasks],
      faults: { edit: { target: ({ label }) => label.includes('Node') } },
      compared: withoutPlaces,
      invariants: [...laws, whenAtRest('everybody is bound', reader => bound(reader) === 3)],
    },
    share: 0.25,
  },
  {
    name: 'two schedulers racing for a gang: never half of it',
    make: () => createSchedulingController(),
    options: {
      kinds,
      objects: [node('n1', 2), node('n2', 2), task('a', 2, gangOfTwo), task('b', 2, gangOfTwo), task('c', 2)],
      instances: 2,
      faults: { remove: 0, edit: { target: ({ label }) => label.includes('Node') } },
      compared: withoutPlaces,
      invariants: [
        ...laws,
        onChange('none of a gang is bound alone', Task, ({ before, now }, { reader }) => {
          const isBinding = before?.spec.nodeName === undefined && now?.spec.nodeName !== undefined
          return !isBinding || now.spec.gang === undefined || boundOf(reader) === 2
        }),
        whenAtRest(
          'the gang or the other',
          reader => bound(reader) - boundOf(reader) + boundOf(reader) / 2 === 1,
        ),
      ],
    },
    share: 0.5,
  },
  {
    name: 'two schedulers that make room, under a budget',
    make: () => [createSchedulingController({ preemption: {} }), createDisruptionController(), kubelet()],
    options: {
      kinds: [...kinds, Reservation, DisruptionBudget],
      objects: [
        node('n1', 2),
        node('n2', 2),
        { ...task('guarded', 2, low), metadata: { namespace: 'default', name: 'guarded', labels } },
        task('free', 2, low),
        task('urgent', 2, { priority: 9 }),
        {
          kind: 'DisruptionBudget',
          metadata: { namespace: 'default', name: 'keep' },
          spec: { selector: { matchLabels: labels }, maxUnavailable: 0 },
        },
      ],
      instances: 2,
      faults: { remove: 0, edit: 0 },
      compared: withoutPlaces,
      except: ['levelTriggered', 'noOrphans', 'crashConvergent', 'converges'],
      invariants: [
        ...laws,
        whenAtRest('who is urgent has a node', reader => {
          const urgent = reader.get(Task, { namespace: 'default', name: 'urgent' })
          return urgent === undefined || urgent.spec.nodeName !== undefined
        }),
        whenAtRest('nothing is held any more', reader => reader.count(Reservation) === 0),
      ],
    },
    share: 0.5,
  },
]

runUnderCheck([...cases, queued, ...contended])
