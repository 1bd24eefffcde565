import { Event, isTaskActive, isTaskFinished, ReplicaSet, Task } from '../../api/index.js'
import type { KeelsonError } from '../../core/index.js'
import { formatTime } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { controllerOf, controllerReference, createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectInput, ObjectRef, Reader } from '../../store/index.js'
import type { CrashBackoff } from '../crash-backoff.js'
import { defaultCrashBackoff } from '../crash-backoff.js'
import { earliestTime } from '../earliest-time.js'
import { noteFailures } from '../recent-failures.js'
import type { ReplicaBlocker, ReplicaLimits, ReplicaPlan } from '../replica-plan.js'
import { hasEnded, planReplicas, replicaStatus } from '../replica-plan.js'
import type { ScaleDownVictim } from '../scale-down-order.js'
import type { LoopEvent } from '../task-event.js'
import type { Made } from './within-quota.js'
import { retryAtMs, transactWithinQuota } from './within-quota.js'

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
  /** Where it tells what it did about sets. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const REPLICA_CONTROLLER_OPTIONS = /* @__PURE__ */ knownOptions<ReplicaControllerOptions>(
  'createReplicaController',
  { concurrency: true, burst: true, historyLimit: true, backoff: true, events: true },
)

/**
 * Keeps as many active tasks as each `ReplicaSet` asks for, replaces those that end, and reports its status.
 *
 * Guarantees: tasks and status change in one transaction; only tasks whose controller is the set are counted or
 * deleted; a set that is being deleted is left alone; the ended tasks of a deleted set are deleted. The status is kept
 * up to date even when the template is refused: without it, a rollout that waits to shrink other sets would be stuck.
 */
export function createReplicaController(options: ReplicaControllerOptions = {}): Controller {
  assertKnown(options, REPLICA_CONTROLLER_OPTIONS)
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
    events: options.events ?? { whenKnown: Event },
    async reconcile(ref, set, ctx) {
      const { client, env, logger } = ctx
      if (set === undefined) return forgetHistory(client, ref)
      if (set.metadata.deletionTimestamp !== undefined) return
      const pass = await syncReplicas(client, ref, limits, env.clock.now())
      const { wakeAtMs, refused } = pass
      if (refused !== undefined) logger.error({ err: refused }, 'a task is refused')
      for (const event of eventsOf(pass)) ctx.record(event)
      if (wakeAtMs !== undefined) return requeueAfter(Math.max(0, wakeAtMs - env.clock.now()))
    },
  })
}

/** What came of one pass over one set. */
interface Pass {
  /** When to look again although nothing changed. */
  readonly wakeAtMs?: number
  /** Why fewer were made than are missing: the template is not acceptable, or a quota is used up. */
  readonly refused?: KeelsonError
  /** Names of tasks. */
  readonly made: readonly string[]
  readonly removed: readonly string[]
  readonly victims: readonly ScaleDownVictim[]
  readonly blockers: readonly ReplicaBlocker[]
}

/** So many crashed tasks are named in an event. */
const CRASHED_NAMED = 3

const NOTHING: Pass = { made: [], removed: [], victims: [], blockers: [] }

/** Reasons as those of Kubernetes' ReplicaSet controller. */
function* eventsOf({ made, removed, victims, refused, blockers }: Pass): Iterable<LoopEvent> {
  for (const name of made) yield { reason: 'SuccessfulCreate', note: `created task ${name}` }
  const reasons = new Map(victims.map(({ task, why }) => [task.metadata.name, `: ${why}`]))
  for (const name of removed)
    yield { reason: 'SuccessfulDelete', note: `deleted task ${name}${reasons.get(name) ?? ''}` }
  if (refused !== undefined) yield { type: 'Warning', reason: 'FailedCreate', note: refused.message }
  for (const blocker of blockers) {
    if (blocker.kind !== 'crash-backoff') continue
    const who = blocker.crashed.slice(0, CRASHED_NAMED).join(', ')
    const note = `tasks end soon after their start (${who}); the next is made at ${formatTime(blocker.untilMs)}`
    yield { type: 'Warning', reason: 'BackOff', note }
  }
}

function syncReplicas(client: Client, ref: ObjectRef, limits: ReplicaLimits, nowMs: number): Promise<Pass> {
  return transactWithinQuota(client, (tx, making) => {
    const set = tx.get(ReplicaSet, ref)
    if (set === undefined) return NOTHING
    const tasksOf = (): readonly Task[] =>
      tx.list(Task, { index: { name: 'controller', value: set.metadata.uid } }).items
    const plan = planReplicas(set, { tasks: tasksOf(), siblings: () => siblingsOf(tx, set) }, limits, nowMs)
    const { forgottenFailures = 0, forgottenSuccesses = 0 } = set.status ?? {}
    const removed = (phase: 'Failed' | 'Succeeded'): number =>
      plan.remove.filter(task => hasEnded(task, phase)).length
    const ended = tasksOf().filter(task => hasEnded(task, 'Failed') || hasEnded(task, 'Succeeded'))
    const failures = noteFailures(set.status?.failures, ended, new Set(plan.remove), nowMs)
    const kept = {
      forgottenFailures: forgottenFailures + removed('Failed'),
      forgottenSuccesses: forgottenSuccesses + removed('Succeeded'),
      ...crashesOf(plan),
      ...(failures === undefined ? {} : { failures }),
    }
    for (const task of plan.remove) tx.delete(Task, task.metadata)
    const { made, refused } = makeTasks(() => making.make(() => tx.create(Task, taskFrom(set))), plan.create)
    const after = replicaStatus(set, tasksOf(), nowMs, kept)
    // An equal status is a no-op to the store.
    tx.updateStatus(ReplicaSet, { ...set, status: after.status })
    const wakeAtMs = earliestTime(plan.wakeAtMs, after.wakeAtMs, retryAtMs(refused, nowMs))
    return {
      made,
      removed: plan.remove.map(({ metadata }) => metadata.name),
      victims: plan.victims,
      blockers: plan.blockers,
      ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
      ...(refused === undefined ? {} : { refused }),
    }
  })
}

/** Names of the tasks made, and why they are fewer. */
function makeTasks(
  make: () => Made<Task>,
  count: number,
): { readonly made: readonly string[]; readonly refused?: KeelsonError } {
  const made: string[] = []
  while (made.length < count) {
    const { object, refused } = make()
    if (refused !== undefined) return { made, refused }
    made.push(object.metadata.name)
  }
  return { made }
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

/** Active tasks of all sets of the same owner, its own among them. */
function siblingsOf(tx: Reader, set: ReplicaSet): readonly Task[] {
  const owner = controllerOf(set)
  const sets =
    owner === undefined
      ? [set]
      : tx.list(ReplicaSet, { index: { name: 'controller', value: owner.uid } }).items
  return sets.flatMap(({ metadata }) =>
    tx.list(Task, { index: { name: 'controller', value: metadata.uid } }).items.filter(isTaskActive),
  )
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

function crashesOf({ crashes }: ReplicaPlan): Pick<ReplicaPlan, 'crashes'> {
  return crashes === undefined ? {} : { crashes }
}
