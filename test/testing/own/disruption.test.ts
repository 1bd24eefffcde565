import {
  DisruptionBudget,
  isConditionTrue,
  isTaskActive,
  ReplicaSet,
  Task,
  takeDisruption,
} from '../../../src/api/index.js'
import type { Controller } from '../../../src/reconcile/index.js'
import { controllerOf, createController, requeueAfter } from '../../../src/reconcile/index.js'
import { createDisruptionController } from '../../../src/rollout/index.js'
import type { Reader } from '../../../src/store/index.js'
import { createReplicaController } from '../../../src/workloads/index.js'
import { kubelet } from './neighbours.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { onChange, whenAtRest } from './write-law.js'

const labels = { app: 'web' }
const [REPLICAS, STAY] = [3, 2]

const isHealthy = (task: Task | undefined): boolean =>
  task !== undefined && isTaskActive(task) && isConditionTrue(task.status?.conditions, 'Ready')

const healthyTasks = (reader: Reader): readonly Task[] => reader.list(Task).items.filter(isHealthy)

/** Takes tasks of another template away, whoever else does so too. */
function evictor(name: string): Controller {
  return createController({
    name,
    for: ReplicaSet,
    owns: [Task],
    watches: [{ kind: DisruptionBudget, map: () => [{ namespace: 'default', name: 'web' }] }],
    reconcile: (ref, set, { client, env }) =>
      client.transact(tx => {
        if (set === undefined || tx.get(ReplicaSet, ref) === undefined) return
        const old = tx
          .list(Task)
          .items.filter(task => isTaskActive(task) && task.spec.image !== set.spec.template.spec.image)
        const asker = { by: name, nowMs: env.clock.now() }
        const { tasks, refusals } = takeDisruption(tx, { tasks: old.map(({ metadata }) => metadata) }, asker)
        for (const task of tasks) tx.delete(Task, task)
        if (refusals.length > 0) return requeueAfter(10_000)
      }),
  })
}

const cases: readonly OwnCase[] = [
  {
    name: 'two who take tasks away at once, and one budget',
    make: () => [
      createDisruptionController(),
      createReplicaController(),
      evictor('drain'),
      evictor('rollout'),
      kubelet(),
    ],
    options: {
      kinds: [DisruptionBudget, ReplicaSet, Task],
      objects: [
        {
          kind: 'DisruptionBudget',
          metadata: { namespace: 'default', name: 'web' },
          spec: { selector: { matchLabels: labels }, minAvailable: STAY },
        },
        {
          kind: 'ReplicaSet',
          metadata: { namespace: 'default', name: 'web' },
          spec: {
            replicas: REPLICAS,
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { image: 'web' } },
          },
        },
      ],
      // What is taken away by others is not asked about, and comes on top.
      faults: { remove: 0, edit: { target: ({ label }) => label.includes('spec.image') } },
      invariants: [
        onChange('as many stay as must', Task, ({ before, now }, { reader }) => {
          if (!isHealthy(before) || isHealthy(now)) return true
          const owner = before && controllerOf(before)
          const set = reader.list(ReplicaSet).items.find(({ metadata }) => metadata.uid === owner?.uid)
          const isWanted = set !== undefined && set.metadata.deletionTimestamp === undefined
          return !isWanted || reader.count(DisruptionBudget) === 0 || healthyTasks(reader).length >= STAY
        }),
        onChange(
          'no more is granted than there is',
          DisruptionBudget,
          ({ now }) => (now?.status?.disruptionsAllowed ?? 0) >= 0 && (now?.status?.currentHealthy ?? 0) >= 0,
        ),
        whenAtRest('everything is new, and nothing is given away', reader =>
          reader
            .list(ReplicaSet)
            .items.every(({ spec }) =>
              healthyTasks(reader).every(task => task.spec.image === spec.template.spec.image),
            ),
        ),
        whenAtRest('the budget counts what is there', reader =>
          reader
            .list(DisruptionBudget)
            .items.every(
              ({ status }) =>
                status?.currentHealthy === healthyTasks(reader).length && status.grants.length === 0,
            ),
        ),
      ],
    },
    share: 0.6,
  },
]

runUnderCheck(cases)
