import {
  Cell,
  DaemonSet,
  isConditionTrue,
  isTaskActive,
  isTaskFinished,
  Node,
  Revision,
  SlotSet,
  StatefulSet,
  Task,
  TEMPLATE_HASH_LABEL,
} from '../../../src/api/index.js'
import { CELL_NAME_ANNOTATION } from '../../../src/api/internal.js'
import { controllerOf } from '../../../src/reconcile/index.js'
import { createCellRolloutController } from '../../../src/rollout/index.js'
import type { ObjectInput, Reader, StoredObject } from '../../../src/store/index.js'
import {
  createCellController,
  createDaemonSetController,
  createSlotSetController,
  createStatefulSetController,
} from '../../../src/workloads/index.js'
import { ledgerOnlyGrows } from '../../simulation/fixtures/object-laws.js'
import { kubelet } from './neighbours.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { keeps, onChange, whenAtRest } from './write-law.js'

const labels = { app: 'web' }

/** An edit of `command` is another revision. */
function set(kind: 'StatefulSet' | 'DaemonSet' | 'SlotSet', spec: object = {}): ObjectInput {
  return {
    kind,
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      ...(kind === 'StatefulSet' ? { replicas: 2 } : {}),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { command: ['serve', 'well'] } },
      onFailure: 'continue',
      ...spec,
    },
  }
}

function node(name: string): ObjectInput {
  const lastTransitionTime = '2026-01-01T00:00:00.000Z'
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime }
  return { kind: 'Node', metadata: { name }, spec: {}, status: { conditions: [ready] } }
}

const tasksOf = (reader: Reader, uid: string | undefined): readonly Task[] =>
  reader.list(Task).items.filter(task => controllerOf(task)?.uid === uid)

/** Those on their way out included: two of one name never write to the same data. */
function atMost(count: number) {
  return onChange(`at most ${count} per cell`, Task, ({ before, now }, { reader }) => {
    if (before !== undefined || now === undefined) return true
    return tasksOf(reader, controllerOf(now)?.uid).filter(task => !isTaskFinished(task)).length <= count
  })
}

const isNew = (reader: Reader, { metadata, spec }: StatefulSet | DaemonSet, cells: number): boolean => {
  const own = reader.list(Cell, { index: { name: 'controller', value: metadata.uid } }).items
  return (
    own.length === cells &&
    own.every(({ metadata: { uid } }) => {
      const tasks = tasksOf(reader, uid)
      return (
        tasks.length === 1 &&
        tasks.every(
          task =>
            isTaskActive(task) &&
            isConditionTrue(task.status?.conditions, 'Ready') &&
            JSON.stringify(task.spec.command) === JSON.stringify(spec.template.spec.command),
        )
      )
    })
  )
}

/**
 * How often it was rolled out is history, and the names of cells tell of which set of that name they are. Tasks that a slot
 * has counted are kept to look at: somebody may delete them.
 */
const withoutHistory = (object: StoredObject): StoredObject | undefined => {
  if (object.kind === 'Revision') return undefined
  if (object.kind === 'Cell') {
    const {
      failures: _failures,
      attempted: _attempted,
      lastFailureTime: _time,
      history: _history,
      ...status
    } = {
      ...(object as Cell).status,
    }
    const { metadata, spec } = object as Cell
    return { ...object, metadata: { ...metadata, name: `${spec.set}-${spec.key}` }, status }
  }
  if (object.kind === 'Task') {
    const isKept = CELL_NAME_ANNOTATION in object.metadata.annotations && isTaskFinished(object as Task)
    return isKept ? undefined : { ...object, metadata: { ...object.metadata, ownerReferences: [] } }
  }
  if (!['StatefulSet', 'DaemonSet', 'SlotSet'].includes(object.kind)) return object
  const {
    rollout: _rollout,
    revision: _revision,
    conditions: _conditions,
    ...status
  } = {
    ...(object as StatefulSet).status,
  }
  return { ...object, status }
}

const faults = {
  edit: { target: ({ label }: { label: string }) => /spec\.(replicas|template\.spec\.command)/.test(label) },
}

const cases: readonly OwnCase[] = [
  {
    name: 'an ordered set of ordinals',
    make: () => [
      createCellRolloutController({ for: StatefulSet }),
      createStatefulSetController(),
      createCellController(),
      kubelet(),
    ],
    options: {
      kinds: [StatefulSet, Cell, Revision, Task],
      objects: [set('StatefulSet')],
      compared: withoutHistory,
      faults,
      invariants: [
        atMost(1),
        keeps('the ledger only grows', ledgerOnlyGrows),
        onChange('an ordinal comes after those below it', Cell, ({ before, now }, { reader }) => {
          if (before !== undefined || now?.spec.ordinal === undefined) return true
          const owner = controllerOf(now)?.uid
          const below = reader
            .list(Cell)
            .items.filter(
              cell => controllerOf(cell)?.uid === owner && (cell.spec.ordinal ?? 0) < (now.spec.ordinal ?? 0),
            )
          return below.length === now.spec.ordinal && below.every(({ status }) => status?.available === true)
        }),
        whenAtRest('all are new and ready', reader =>
          reader.list(StatefulSet).items.every(one => isNew(reader, one, one.spec.replicas)),
        ),
      ],
    },
    share: 0.5,
  },
  {
    name: 'a daemon with a surge',
    make: () => [
      createCellRolloutController({ for: DaemonSet }),
      createDaemonSetController(),
      createCellController(),
      kubelet(),
    ],
    options: {
      kinds: [DaemonSet, Cell, Revision, Node, Task],
      objects: [
        node('n1'),
        node('n2'),
        set('DaemonSet', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } }),
      ],
      compared: withoutHistory,
      faults,
      invariants: [
        atMost(2),
        keeps('the ledger only grows', ledgerOnlyGrows),
        whenAtRest('all are new and ready', reader => {
          const nodes = reader
            .list(Node)
            .items.filter(({ status }) => isConditionTrue(status?.conditions, 'Ready'))
          return reader.list(DaemonSet).items.every(one => isNew(reader, one, nodes.length))
        }),
      ],
    },
    share: 0.4,
  },
  {
    name: 'a job in slots',
    make: () => [
      createCellRolloutController({ for: SlotSet }),
      createSlotSetController(),
      createCellController(),
      kubelet({ succeeds: () => true }),
    ],
    options: {
      kinds: [SlotSet, Cell, Node, Revision, Task],
      objects: [set('SlotSet', { mode: 'replicated-job', totalCompletions: 3, maxConcurrent: 2 })],
      compared: withoutHistory,
      faults: {
        edit: { target: ({ label }: { label: string }) => /spec\.template\.spec\.command/.test(label) },
      },
      invariants: [
        atMost(1),
        onChange('a slot that is complete stays so', Cell, ({ before, now }) => {
          if (before?.status?.phase !== 'Complete' || now === undefined) return true
          return now.spec.revision !== before.spec.revision || now.status?.phase === 'Complete'
        }),
        onChange('no slot ends well twice', Task, ({ now }, { reader }) => {
          if (now === undefined || now.status?.phase !== 'Succeeded') return true
          const own = tasksOf(reader, controllerOf(now)?.uid)
          return own.filter(({ status }) => status?.phase === 'Succeeded').length <= 1
        }),
        onChange('two of one revision run at once', Task, ({ before, now }, { reader }) => {
          if (before !== undefined || now === undefined) return true
          const hash = now.metadata.labels[TEMPLATE_HASH_LABEL]
          const alike = reader
            .list(Task)
            .items.filter(task => isTaskActive(task) && task.metadata.labels[TEMPLATE_HASH_LABEL] === hash)
          return alike.length <= 2
        }),
        whenAtRest('all slots are complete', reader =>
          reader.list(SlotSet).items.every(({ status }) => status?.completedTasks === 3),
        ),
      ],
    },
    share: 0.25,
  },
]

runUnderCheck(cases)
