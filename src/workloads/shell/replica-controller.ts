import { isTaskFinished, ReplicaSet, Task } from '../../api/index.js'
import { isKeelsonError } from '../../core/index.js'
import type { Controller } from '../../reconcile/index.js'
import { controllerOf, controllerReference, createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectInput, ObjectRef, Reader, Transaction } from '../../store/index.js'
import type { CrashBackoff } from '../crash-backoff.js'
import { defaultCrashBackoff } from '../crash-backoff.js'
import type { ReplicaLimits, ReplicaPlan } from '../replica-plan.js'
import { isFailure, planReplicas, replicaStatus } from '../replica-plan.js'

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
 * deleted; a set that is being deleted is left alone; the ended tasks of a deleted set are deleted. The status is kept
 * up to date even when the template is refused: without it, a rollout that waits to shrink other sets would be stuck.
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
    async reconcile(ref, set, { client, env, logger }) {
      if (set === undefined) return forgetHistory(client, ref)
      if (set.metadata.deletionTimestamp !== undefined) return
      const { wakeAtMs, refused } = await syncReplicas(client, ref, limits, env.clock.now())
      if (refused !== undefined) logger.error({ err: refused }, 'no task can be made of the template')
      if (wakeAtMs !== undefined) return requeueAfter(Math.max(0, wakeAtMs - env.clock.now()))
    },
  })
}

/** What came of one pass over one set. */
interface Pass {
  /** When to look again although nothing changed. */
  readonly wakeAtMs?: number
  /** Why the template is not acceptable. */
  readonly refused?: Error
}

function syncReplicas(client: Client, ref: ObjectRef, limits: ReplicaLimits, nowMs: number): Promise<Pass> {
  return client.transact(tx => {
    const set = tx.get(ReplicaSet, ref)
    if (set === undefined) return {}
    const tasksOf = (): readonly Task[] =>
      tx.list(Task, { index: { name: 'controller', value: set.metadata.uid } }).items
    const plan = planReplicas(set, tasksOf(), limits, nowMs)
    const forgotten = (set.status?.forgottenFailures ?? 0) + plan.remove.filter(isFailure).length
    for (const task of plan.remove) tx.delete(Task, task.metadata)
    const refused = makeTasks(tx, set, plan.create)
    const after = replicaStatus(set, tasksOf(), nowMs, forgotten)
    tx.modifyStatus(ReplicaSet, ref, draft => {
      draft.status = after.status
    })
    const wakeAtMs = earliest(plan, after.wakeAtMs)
    return { ...(wakeAtMs === undefined ? {} : { wakeAtMs }), ...(refused === undefined ? {} : { refused }) }
  })
}

/** Returns why the template is refused, if it is; no tasks exist then. */
function makeTasks(tx: Transaction, set: ReplicaSet, count: number): Error | undefined {
  try {
    for (let made = 0; made < count; made += 1) tx.create(Task, taskFrom(set))
    return undefined
  } catch (error) {
    if (isKeelsonError(error, 'Invalid')) return error
    throw error
  }
}

/** Deletes the ended tasks of a set that is gone: they were kept for its sake. */
async function forgetHistory(client: Client, { namespace = '', name }: ObjectRef): Promise<void> {
  const left = (reader: Reader): readonly Task[] =>
    reader.list(Task, { namespace }).items.filter(task => {
      const owner = controllerOf(task)
      const isOurs = owner?.kind === ReplicaSet.kind && owner.name === name
      return isOurs && isTaskFinished(task) && task.metadata.deletionTimestamp === undefined
    })
  if (left(client).length === 0) return
  await client.transact(tx => {
    if (tx.get(ReplicaSet, { namespace, name }) !== undefined) return
    for (const task of left(tx)) tx.delete(Task, task.metadata)
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
