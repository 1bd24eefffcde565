import {
  Deployment,
  DisruptionBudget,
  findCondition,
  isConditionTrue,
  isTaskActive,
  isTaskFinished,
  ReplicaSet,
  Revision,
  Service,
  Task,
  TEMPLATE_HASH_LABEL,
} from '../../../src/api/index.js'
import { isHealthyTask } from '../../../src/api/internal.js'
import { contentHash } from '../../../src/core/index.js'
import type { Controller } from '../../../src/reconcile/index.js'
import { controllerOf, createController } from '../../../src/reconcile/index.js'
import type { RolloutCommand } from '../../../src/rollout/index.js'
import {
  actOnRollout,
  createDisruptionController,
  createRolloutController,
  rolloutStatus,
} from '../../../src/rollout/index.js'
import type { ObjectInput, Reader, StoredObject } from '../../../src/store/index.js'
import type { Incident, Invariant } from '../../../src/testing/index.js'
import { createReplicaController } from '../../../src/workloads/index.js'
import { ledgerOnlyGrows } from '../../simulation/fixtures/object-laws.js'
import {
  floorHolds,
  growthStaysBelowCeiling,
  shrinkingKeepsTheFloor,
} from '../../simulation/fixtures/rollout-laws.js'
import { kubelet } from './neighbours.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { keeps, onChange, whenAtRest } from './write-law.js'

const labels = { app: 'web' }
const kinds = [Deployment, Revision, ReplicaSet, Task]

/** An edit of `command` is another revision. */
function deployment(spec: object = {}): ObjectInput {
  return {
    kind: 'Deployment',
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { command: ['serve', 'well'] } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
      onFailure: 'continue',
      ...spec,
    },
  }
}

/** How often it was rolled out, and what is kept of that, is history. */
const withoutHistory = (object: StoredObject): StoredObject | undefined => {
  if (object.kind === 'Revision') return undefined
  if (object.kind === 'Task') return isTaskFinished(object as Task) ? undefined : object
  if (object.kind === 'ReplicaSet') {
    const {
      failedReplicas: _failed,
      endedReplicas: _ended,
      failures: _failures,
      unreadySince: _unready,
      forgottenFailures: _forgotten,
      crashes: _crashes,
      ...status
    } = {
      ...(object as ReplicaSet).status,
    }
    return (object as ReplicaSet).spec.replicas === 0 ? undefined : { ...object, status }
  }
  const {
    rollout: _rollout,
    revision: _revision,
    conditions,
    ...status
  } = { ...(object as Deployment).status }
  const isAvailable = isConditionTrue(conditions, 'Available')
  const progressing = findCondition(conditions, 'Progressing')?.status ?? null
  return { ...object, status: { ...status, isAvailable, progressing } }
}

const allNew = (reader: Reader): boolean =>
  reader.list(Deployment).items.every(one => {
    const active = reader.list(Task).items.filter(isTaskActive)
    return (
      rolloutStatus(one).done &&
      newestOutcome(reader) === 'succeeded' &&
      active.length === one.spec.replicas &&
      active.every(
        ({ spec, status }) =>
          isConditionTrue(status?.conditions, 'Ready') &&
          JSON.stringify(spec.command) === JSON.stringify(one.spec.template.spec.command),
      )
    )
  })

function newestOutcome(reader: Reader): string | undefined {
  const newest = [...reader.list(Revision).items].sort((a, b) => b.spec.number - a.spec.number)[0]
  return newest?.status?.outcome
}

const laws: readonly Invariant[] = [
  keeps('growth stays below the ceiling', () => growthStaysBelowCeiling),
  keeps('whoever shrinks keeps the floor', () => shrinkingKeepsTheFloor),
  keeps('the ledger only grows', ledgerOnlyGrows),
]

const setCommand =
  (command: string[]): Incident['run'] =>
  ({ store }) =>
    store.modify(Deployment, { namespace: 'default', name: 'web' }, draft => {
      draft.spec.template.spec.command = command
    })
const badRevision: Incident = {
  name: 'the user wants something that does not run',
  run: setCommand(['fail']),
  undo: setCommand(['serve', 'well']),
}
const fails = ({ spec }: Task): boolean => spec.command?.[0] === 'fail'

/** Puts back what does not run, as a loop does that knows nothing of reverts. */
const stubborn = (): Controller =>
  createController({
    name: 'owner',
    for: Deployment,
    reconcile: async (key, deployment, { client }) => {
      if (deployment?.metadata.labels['insists'] === undefined) return
      if (deployment.spec.template.spec.command?.[0] === 'fail') return
      await client.modify(Deployment, key, draft => {
        draft.spec.template.spec.command = ['fail']
      })
    },
  })
const insist: Incident['run'] = ({ store }) =>
  store.modify(Deployment, { namespace: 'default', name: 'web' }, draft => {
    draft.metadata.labels = { insists: 'true' }
  })

const isRolledOut = (reader: Reader): boolean => {
  const found = reader.get(Deployment, { namespace: 'default', name: 'web' })
  return found !== undefined && rolloutStatus(found).done
}

const bounds = { maxSurge: '50%', maxUnavailable: 0 }
const gated = {
  type: 'RollingUpdate',
  rollingUpdate: bounds,
  hooks: { pre: [{ name: 'warm' }] },
  steps: [{ next: '50%', gates: [{ kind: 'analysis', name: 'errors' }] }],
}
const approved = {
  type: 'RollingUpdate',
  rollingUpdate: bounds,
  steps: [{ next: '50%', gates: [{ kind: 'approve', name: 'lead' }] }],
}
const web = { namespace: 'default', name: 'web' }

const act =
  (command: RolloutCommand): Incident['run'] =>
  ({ store }) =>
    actOnRollout(store, web, command)
const waitsForLead = (reader: Reader): boolean => {
  const found = reader.get(Deployment, web)
  return (
    found !== undefined &&
    found.status?.revision === 2 &&
    rolloutStatus(found).blockers.some(({ kind }) => kind === 'gate')
  )
}
const isAborted = (reader: Reader): boolean => {
  const found = reader.get(Deployment, web)
  return found !== undefined && rolloutStatus(found).failure?.cause === 'aborted'
}

const service: ObjectInput = {
  kind: 'Service',
  metadata: { namespace: 'default', name: 'front' },
  spec: { selector: labels, ports: [{ port: 80 }] },
}
const budget: ObjectInput = {
  kind: 'DisruptionBudget',
  metadata: { namespace: 'default', name: 'web' },
  spec: { selector: { matchLabels: labels }, minAvailable: 1 },
}

/** Templates that get traffic, of which no task is requested. */
const unserved = (reader: Reader): readonly string[] => {
  const sets = reader.list(ReplicaSet).items.filter(({ spec }) => spec.replicas > 0)
  if (reader.list(Deployment).items.length === 0) return []
  const live = new Set(sets.map(({ metadata }) => metadata.labels[TEMPLATE_HASH_LABEL] ?? ''))
  return reader
    .list(Service)
    .items.flatMap(({ spec }) => spec.backends ?? [])
    .filter(({ template, weight }) => weight > 0 && !live.has(template))
    .map(({ template }) => template)
}

/** The uid of the Deployment that a task belongs to. */
function rolloutOf(task: Task, reader: Reader): string | undefined {
  const set = reader.list(ReplicaSet).items.find(({ metadata }) => metadata.uid === controllerOf(task)?.uid)
  return set && controllerOf(set)?.uid
}

const cases: readonly OwnCase[] = [
  {
    name: 'rollout',
    make: () => [createRolloutController(), createReplicaController(), kubelet()],
    options: {
      kinds,
      objects: [deployment({ paused: false })],
      compared: withoutHistory,
      invariants: [...laws, whenAtRest('all tasks are new and ready', allNew)],
    },
    share: 0.6,
  },
  {
    name: 'rollout in which nothing fails',
    make: () => [createRolloutController(), createReplicaController(), kubelet()],
    options: {
      kinds,
      objects: [deployment({ paused: false })],
      faults: { remove: 0 },
      compared: withoutHistory,
      invariants: [
        ...laws,
        keeps('the floor holds', floorHolds),
        whenAtRest('all tasks are new and ready', allNew),
      ],
    },
    share: 0.6,
  },
  {
    name: 'rollout of a revision that does not run, and is taken back by hand',
    make: () => [createRolloutController(), createReplicaController(), kubelet({ fails })],
    options: {
      kinds,
      objects: [deployment()],
      incidents: [badRevision],
      faults: { edit: { target: ({ label }) => label.includes('replicas') } },
      compared: withoutHistory,
      invariants: [...laws, whenAtRest('all tasks are new and ready', allNew)],
    },
    share: 0.6,
  },
  {
    name: 'rollout of a revision that does not run, and is reverted',
    make: () => [createRolloutController({ maxFailures: 0 }), createReplicaController(), kubelet({ fails })],
    options: {
      kinds,
      objects: [deployment({ onFailure: 'revert' })],
      incidents: [{ name: badRevision.name, run: badRevision.run, when: isRolledOut }],
      faults: {
        // Whoever misses its first deadline has nothing to go back to, and halts.
        delay: 0,
        freeze: 0,
        edit: { target: ({ label }) => label.includes('replicas') },
        // Without its entry in the ledger there is nothing to go back to.
        remove: { target: ({ label }) => !label.includes('Revision') },
      },
      compared: withoutHistory,
      invariants: [...laws, whenAtRest('all tasks are new and ready', allNew)],
    },
    share: 0.6,
  },
  {
    name: 'rollout of a revision that does not run, is reverted, and is put back by an owner',
    make: () => [
      createRolloutController({ maxFailures: 0 }),
      createReplicaController(),
      kubelet({ fails }),
      stubborn(),
    ],
    options: {
      kinds,
      objects: [deployment({ onFailure: 'revert' })],
      incidents: [{ name: 'the owner wants something that does not run', run: insist, when: isRolledOut }],
      faults: {
        delay: 0,
        freeze: 0,
        edit: 0,
        remove: 0,
      },
      // Whether the owner has got its way once is history.
      except: ['levelTriggered', 'historyInsensitive', 'crashConvergent', 'converges'],
      invariants: [
        ...laws,
        onChange('few revisions', Revision, ({ now }) => now === undefined || now.spec.number <= 4),
        whenAtRest('what works runs, and the rest is refused', reader =>
          reader
            .list(Deployment)
            .items.every(
              ({ metadata, spec, status }) =>
                status?.availableReplicas === spec.replicas &&
                (metadata.labels['insists'] === undefined) !==
                  isConditionTrue(status.conditions, 'TemplateRefused'),
            ),
        ),
      ],
    },
    share: 0.4,
  },
  {
    name: 'rollout through hooks and an analysis',
    make: () => [
      createRolloutController({
        gates: { errors: () => ({ answer: 'pass', reason: 'none' }), warm: () => Promise.resolve('pass') },
      }),
      createReplicaController(),
      kubelet(),
    ],
    options: {
      kinds,
      objects: [deployment({ paused: false, strategy: gated })],
      faults: { edit: 0 },
      incidents: [
        { name: 'the user wants another revision', run: setCommand(['serve', 'better']), when: isRolledOut },
      ],
      // Which revision comes last depends on when it is asked for.
      except: ['levelTriggered', 'historyInsensitive', 'crashConvergent', 'converges'],
      invariants: [
        keeps('growth stays below the ceiling', () => growthStaysBelowCeiling),
        keeps('the ledger only grows', ledgerOnlyGrows),
        whenAtRest('all tasks are new and ready', allNew),
      ],
    },
    share: 0.4,
  },
  {
    name: 'rollout that waits for approval, is aborted, and is tried again',
    make: () => [createRolloutController(), createReplicaController(), kubelet()],
    options: {
      kinds,
      objects: [deployment({ paused: false, strategy: approved })],
      faults: { edit: 0, remove: 0 },
      incidents: [
        { name: 'the user wants another revision', run: setCommand(['serve', 'better']), when: isRolledOut },
        { name: 'it is aborted', run: act({ verb: 'abort', entry: 2, by: 'ann' }), when: waitsForLead },
        { name: 'it is tried again', run: act({ verb: 'retry', entry: 2, by: 'ann' }), when: isAborted },
        {
          name: 'it is approved',
          run: act({ verb: 'approve', entry: 2, gate: 'lead', by: 'ann' }),
          when: waitsForLead,
        },
      ],
      except: ['levelTriggered', 'historyInsensitive', 'crashConvergent', 'converges'],
      invariants: [
        keeps('growth stays below the ceiling', () => growthStaysBelowCeiling),
        keeps('the ledger only grows', ledgerOnlyGrows),
        whenAtRest('as many tasks as wanted are available, whoever was heard', reader =>
          reader
            .list(Deployment)
            .items.every(({ spec, status }) => status?.availableReplicas === spec.replicas),
        ),
        onChange(
          'no entry but its own is touched',
          Revision,
          ({ now }) => now === undefined || now.spec.number === 2 || (now.status?.marks ?? []).length === 0,
        ),
      ],
    },
    share: 0.4,
  },
  {
    name: 'rollout that divides the traffic of a Service',
    make: () => [createRolloutController({ traffic: {} }), createReplicaController(), kubelet()],
    options: {
      kinds: [...kinds, Service],
      objects: [
        service,
        deployment({ strategy: { type: 'RollingUpdate', rollingUpdate: bounds, service: 'front' } }),
      ],
      faults: { edit: 0, remove: 0 },
      incidents: [
        { name: 'the user wants another revision', run: setCommand(['serve', 'better']), when: isRolledOut },
      ],
      except: ['levelTriggered', 'historyInsensitive', 'crashConvergent', 'converges'],
      invariants: [
        ...laws,
        onChange(
          'nothing that gets traffic is taken away',
          ReplicaSet,
          (_change, { reader }) => unserved(reader).length === 0,
        ),
        whenAtRest('all tasks are new and ready', allNew),
        whenAtRest('they get all of the traffic', reader =>
          reader.list(Deployment).items.every(({ spec }) => {
            const backends = reader.get(Service, { namespace: 'default', name: 'front' })?.spec.backends
            return backends?.length === 1 && backends[0]?.template === contentHash(spec.template)
          }),
        ),
      ],
    },
    share: 0.25,
  },
  {
    name: 'rollout that asks the DisruptionBudgets',
    make: () => [
      createRolloutController({ disruptionBudgets: true }),
      createDisruptionController(),
      createReplicaController(),
      kubelet(),
    ],
    options: {
      kinds: [...kinds, DisruptionBudget],
      // Its own bounds would let it take all of them at once.
      objects: [
        budget,
        deployment({
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '100%' } },
        }),
      ],
      faults: { edit: 0, remove: 0 },
      incidents: [
        { name: 'the user wants another revision', run: setCommand(['serve', 'better']), when: isRolledOut },
      ],
      except: ['levelTriggered', 'historyInsensitive', 'crashConvergent', 'converges'],
      invariants: [
        ...laws,
        onChange('one keeps working', Task, ({ before, now }, { reader }) => {
          const isLost =
            before !== undefined && isHealthyTask(before) && (now === undefined || !isHealthyTask(now))
          const isWanted = reader.list(Deployment).items.length > 0
          return !isLost || !isWanted || reader.list(Task).items.some(isHealthyTask)
        }),
        whenAtRest('all tasks are new and ready', allNew),
      ],
    },
    share: 0.25,
  },
  {
    name: 'rollout by recreation',
    make: () => [createRolloutController(), createReplicaController(), kubelet()],
    options: {
      kinds,
      objects: [deployment({ strategy: { type: 'Recreate' } })],
      compared: withoutHistory,
      invariants: [
        onChange('no two revisions side by side', Task, ({ before, now }, { reader }) => {
          if (before !== undefined || now === undefined) return true
          // Those of a Deployment of that name that was deleted are none of its business.
          const rollout = rolloutOf(now, reader)
          const commands = reader
            .list(Task)
            .items.filter(task => !isTaskFinished(task) && rolloutOf(task, reader) === rollout)
            .map(({ spec }) => JSON.stringify(spec.command))
          return new Set(commands).size === 1
        }),
        whenAtRest('all tasks are new and ready', allNew),
      ],
    },
    share: 0.6,
  },
]

runUnderCheck(cases)
