import {
  isConditionTrue,
  isTaskActive,
  isTaskFinished,
  Lease,
  Node,
  ReplicaSet,
  Task,
} from '../../../src/api/index.js'
import { createProbeMachine } from '../../../src/discovery/index.js'
import type { Controller } from '../../../src/reconcile/index.js'
import { controllerOf } from '../../../src/reconcile/index.js'
import { createSchedulingController } from '../../../src/scheduling/index.js'
import type { ObjectInput, Reader, StoredObject } from '../../../src/store/index.js'
import type { ProcessSite } from '../../../src/testing/index.js'
import {
  createNodeAgentController,
  createNodeHeartbeat,
  createNodeLifecycleController,
  createReplicaController,
} from '../../../src/workloads/index.js'
import { assignmentsStay } from '../../simulation/fixtures/object-laws.js'
import type { Machine } from './machine.js'
import { createMachine } from './machine.js'
import { kubelet } from './neighbours.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { keeps, onChange, whenAtRest } from './write-law.js'

const labels = { app: 'web' }

function replicaSet(replicas: number, spec: object = {}, template: object = {}): ObjectInput {
  return {
    kind: 'ReplicaSet',
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { image: 'web', ...template } },
      ...spec,
    },
  }
}

/** Of the set, neither ended nor on their way out. */
function activeTasks(reader: Reader, uid: string): readonly Task[] {
  return reader.list(Task).items.filter(task => isTaskActive(task) && controllerOf(task)?.uid === uid)
}

/** Whoever makes a task sees in the same transaction how many there are. */
const neverOneTooMany = onChange('never makes one too many', Task, ({ before, now }, { reader }) => {
  const owner = now && controllerOf(now)
  if (before !== undefined || owner === undefined) return true
  const set = reader.list(ReplicaSet).items.find(({ metadata }) => metadata.uid === owner.uid)
  return set !== undefined && activeTasks(reader, owner.uid).length <= set.spec.replicas
})

const asManyAsWanted = (reader: Reader): boolean =>
  reader.list(ReplicaSet).items.every(({ metadata, spec, status }) => {
    const ready = activeTasks(reader, metadata.uid).filter(task =>
      isConditionTrue(task.status?.conditions, 'Ready'),
    )
    return ready.length === spec.replicas && status?.availableReplicas === spec.replicas
  })

const nodeName = 'n1'
let machine: Machine | undefined

const agent = ({ client, outside }: ProcessSite): Controller => {
  machine = createMachine(client.env, outside)
  return createNodeAgentController({
    nodeName,
    runtime: machine,
    health: createProbeMachine,
    drain: () => client.env.clock.sleep(50),
  })
}

/** No process outlives its object. */
const nothingRunsUnseen = onChange(
  'nothing runs unseen',
  Task,
  ({ before, now }) => now !== undefined || machine?.running.has(before?.metadata.uid ?? '') !== true,
)

/** The tasks that a crash of their agent ended are kept to look at, and counted. */
const withoutHistory = (object: StoredObject): StoredObject | undefined => {
  if (object.kind === 'Task') return isTaskFinished(object as Task) ? undefined : object
  if (object.kind !== 'ReplicaSet') return object
  const {
    failedReplicas: _failed,
    endedReplicas: _ended,
    failures: _failures,
    unreadySince: _unready,
    forgottenSuccesses: _forgottenSuccesses,
    forgottenFailures: _forgotten,
    crashes: _crashes,
    ...status
  } = {
    ...(object as ReplicaSet).status,
  }
  return { ...object, status }
}

function isReady(node: Node | undefined): boolean {
  return isConditionTrue(node?.status?.conditions, 'Ready')
}

/** Says that it is ready, once. */
function silentNode(name: string): ObjectInput {
  const lastTransitionTime = '2026-01-01T00:00:00.000Z'
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime }
  return {
    kind: 'Node',
    metadata: { name },
    spec: { unschedulable: false },
    status: { capacity: { cpu: 4, pods: 10 }, conditions: [ready] },
  }
}

const probed = { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 60 } }

const cases: readonly OwnCase[] = [
  {
    name: 'replicas',
    make: () => [createReplicaController(), kubelet()],
    options: {
      kinds: [ReplicaSet, Task],
      objects: [replicaSet(2, { minReadySeconds: 5 })],
      invariants: [neverOneTooMany, whenAtRest('as many are available as wanted', asManyAsWanted)],
    },
  },
  {
    name: 'node agent',
    make: site => [createReplicaController({ historyLimit: 2 }), agent(site)],
    options: {
      kinds: [ReplicaSet, Task],
      objects: [replicaSet(2, {}, { nodeName, terminationGracePeriodSeconds: 1, ...probed })],
      // Processes die with their agent, and are replaced.
      except: ['levelTriggered'],
      incidents: [{ name: 'a process ends by itself', times: 2, run: () => machine?.fail() }],
      compared: withoutHistory,
      // What the template says when a task is made stays so.
      faults: { edit: { target: ({ label }) => label.includes('spec.replicas') } },
      invariants: [
        neverOneTooMany,
        nothingRunsUnseen,
        whenAtRest('as many are available as wanted', asManyAsWanted),
        whenAtRest('what is reported runs', reader =>
          reader
            .list(Task)
            .items.every(task => isTaskFinished(task) || machine?.running.has(task.metadata.uid) === true),
        ),
      ],
    },
    share: 0.4,
  },
  {
    name: 'node heartbeat, and the lifecycle that listens to it',
    make: () => [
      createNodeHeartbeat({ nodeName, status: { capacity: { cpu: 4, pods: 10 } } }),
      createNodeLifecycleController({ evictAfterMs: 30_000 }),
      createReplicaController(),
      kubelet(),
    ],
    options: {
      kinds: [Node, Lease, ReplicaSet, Task],
      objects: [replicaSet(1, {}, { nodeName })],
      // A node is there whether somebody wants something of it or not, and says so again and again.
      except: ['noOrphans', 'idempotent', 'levelTriggered'],
      invariants: [
        neverOneTooMany,
        whenAtRest('the node is ready', reader => isReady(reader.get(Node, { name: nodeName }))),
        whenAtRest('as many are available as wanted', asManyAsWanted),
      ],
    },
    share: 0.2,
  },
  {
    name: 'no task leaves the only node because nobody hears of it',
    make: () => [
      createNodeLifecycleController({ evictAfterMs: 30_000 }),
      createReplicaController(),
      kubelet({ runs: () => true }),
    ],
    options: {
      kinds: [Node, Lease, ReplicaSet, Task],
      objects: [silentNode('n0'), replicaSet(1, {}, { nodeName: 'n0' })],
      // A removed node is another matter, and so is a set that wants less. Silent, it says no more that it is ready.
      faults: { remove: 0, edit: 0 },
      except: ['levelTriggered', 'idempotent'],
      invariants: [
        neverOneTooMany,
        onChange(
          'a task stays as long as its set',
          Task,
          ({ now }, { reader }) => now !== undefined || reader.count(ReplicaSet) === 0,
        ),
        whenAtRest('the node says that evictions are paused', reader =>
          reader
            .list(Node)
            .items.every(({ status }) => isConditionTrue(status?.conditions, 'EvictionPaused')),
        ),
      ],
    },
    share: 0.2,
  },
  {
    name: 'tasks move away from a node that nobody hears of',
    make: () => [
      createNodeHeartbeat({ nodeName, status: { capacity: { cpu: 4, pods: 10 } } }),
      createNodeLifecycleController({ evictAfterMs: 30_000 }),
      createReplicaController(),
      createSchedulingController(),
      kubelet({ runs: task => task.spec.nodeName === nodeName }),
    ],
    options: {
      kinds: [Node, Lease, ReplicaSet, Task],
      objects: [silentNode('n0'), replicaSet(2)],
      // A node is there whether somebody wants something of it or not, and says so again and again.
      except: ['noOrphans', 'idempotent', 'levelTriggered'],
      invariants: [
        neverOneTooMany,
        keeps('a task stays where it is', () => assignmentsStay),
        whenAtRest('as many are available as wanted', asManyAsWanted),
        whenAtRest(
          'nothing is left on the silent node',
          reader => reader.list(Task, { index: { name: 'node', value: 'n0' } }).items.length === 0,
        ),
      ],
    },
    share: 0.15,
  },
]

runUnderCheck(cases)
