import { isConditionTrue, ReplicaSet, Task } from '../../../src/api/index.js'
import { controllerOf } from '../../../src/reconcile/index.js'
import type { ObjectInput, Reader } from '../../../src/store/index.js'
import { createReplicaController, isTaskActive } from '../../../src/workloads/index.js'
import { kubelet } from './neighbours.js'
import { type OwnCase, runUnderCheck } from './own-case.js'
import { changesOf } from './write-law.js'

const labels = { app: 'web' }

function replicaSet(replicas: number, spec: object = {}, template: object = {}): ObjectInput {
  return {
    kind: 'ReplicaSet',
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      ...{ replicas, selector: { matchLabels: labels } },
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
const neverOneTooMany = changesOf(Task, ({ before, now }, reader) => {
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

const cases: readonly OwnCase[] = [
  {
    name: 'replicas',
    make: () => [createReplicaController(), kubelet()],
    options: {
      kinds: [ReplicaSet, Task],
      objects: [replicaSet(2, { minReadySeconds: 5 })],
      always: { 'never makes one too many': neverOneTooMany },
      atRest: { 'as many are available as wanted': asManyAsWanted },
    },
  },
]

runUnderCheck(cases)
