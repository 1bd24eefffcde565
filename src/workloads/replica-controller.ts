import { ReplicaSet, Task } from '../api/index.js'
import { type Controller, controllerReference, createController, requeueAfter } from '../reconcile/index.js'
import type { Client, ObjectInput, ObjectRef } from '../store/index.js'
import { type CrashBackoff, defaultCrashBackoff } from './crash-backoff.js'
import { planReplicas, type ReplicaLimits, type ReplicaPlan, replicaStatus } from './replica-plan.js'

/** How the replica loop behaves. */
export interface ReplicaControllerOptions {
  /** Sets worked on at once. Default 4. */
  readonly concurrency?: number
  /** Most tasks made or deleted in one pass. Default 500. */
  readonly burst?: number
  /** Ended tasks kept per set. Default 5. */
  readonly historyLimit?: number
  /** How crashing tasks are held back; missing fields take `defaultCrashBackoff`. */
  readonly backoff?: Partial<CrashBackoff>
}

/**
 * Keeps as many active tasks as each `ReplicaSet` asks for, replaces those that end, and reports its status.
 *
 * Guarantees: tasks and status change in one transaction; only tasks whose controller is the set are counted or
 * deleted; a set that is being deleted is left alone.
 */
export function createReplicaController(options: ReplicaControllerOptions = {}): Controller {
  const limits: ReplicaLimits = {
    burst: options.burst ?? 500,
    historyLimit: options.historyLimit ?? 5,
    backoff: { ...defaultCrashBackoff, ...options.backoff },
  }
  return createController({
    name: 'replicas',
    for: ReplicaSet,
    owns: [Task],
    concurrency: options.concurrency ?? 4,
    async reconcile(ref, set, { client, env }) {
      if (set === undefined || set.metadata.deletionTimestamp !== undefined) return
      const wakeAtMs = await syncReplicas(client, ref, limits, env.clock.now())
      if (wakeAtMs !== undefined) return requeueAfter(Math.max(0, wakeAtMs - env.clock.now()))
    },
  })
}

/** One pass over one set; returns when to look again. */
function syncReplicas(
  client: Client,
  ref: ObjectRef,
  limits: ReplicaLimits,
  nowMs: number,
): Promise<number | undefined> {
  return client.transact(tx => {
    const set = tx.get(ReplicaSet, ref)
    if (set === undefined) return undefined
    const tasksOf = (): readonly Task[] =>
      tx.list(Task, { index: { name: 'controller', value: set.metadata.uid } }).items
    const plan = planReplicas(set, tasksOf(), limits, nowMs)
    for (const task of plan.remove) tx.delete(Task, task.metadata)
    for (let made = 0; made < plan.create; made += 1) tx.create(Task, taskFrom(set))
    const after = replicaStatus(set, tasksOf(), nowMs)
    tx.modifyStatus(ReplicaSet, ref, draft => {
      draft.status = after.status
    })
    return earliest(plan, after.wakeAtMs)
  })
}

/** A new task of the set; the store picks the end of its name. */
function taskFrom(set: ReplicaSet): ObjectInput<Task['spec'], NonNullable<Task['status']>> {
  const { template } = set.spec
  return {
    metadata: {
      generateName: `${set.metadata.name}-`,
      ...(set.metadata.namespace === undefined ? {} : { namespace: set.metadata.namespace }),
      labels: template.metadata?.labels ?? {},
      annotations: template.metadata?.annotations ?? {},
      ownerReferences: [controllerReference(ReplicaSet, set)],
    },
    spec: template.spec,
  }
}

function earliest(plan: ReplicaPlan, statusWakeAtMs: number | undefined): number | undefined {
  const times = [plan.wakeAtMs, statusWakeAtMs].filter(time => time !== undefined)
  return times.length === 0 ? undefined : Math.min(...times)
}
