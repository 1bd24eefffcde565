import type { Condition, DisruptionBudgetStatus } from '../../api/index.js'
import {
  Cell,
  DaemonSet,
  Deployment,
  DisruptionBudget,
  isTaskActive,
  ReplicaSet,
  SlotSet,
  StatefulSet,
  Task,
} from '../../api/index.js'
import { isHealthyTask } from '../../api/internal.js'
import { formatTime, setCondition } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import {
  assertKnown,
  assertValid,
  knownOptions,
  labelSelectorFromObject,
  wholeNumber,
} from '../../core/internal.js'
import type { Controller } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, Kind, ObjectRef, Reader } from '../../store/index.js'
import { disruptionAllowance } from '../disruption/disruption-allowance.js'
import { openGrants } from '../disruption/open-grants.js'
import type { TaskScale } from './task-scale.js'
import { scaleOf } from './task-scale.js'

/** How the disruption controller behaves. */
export interface DisruptionControllerOptions {
  /** Budgets worked on at once. Default 4. */
  readonly concurrency?: number
  /**
   * Kinds that own tasks, directly or through others of them, and say how many they want in `spec.replicas`,
   * `status.desiredNumberScheduled` or `status.desiredTasks`. Those that the store does not know are ignored. Default: those of `keelson/api`.
   */
  readonly scales?: readonly Kind[]
}

const KNOWN: KnownOptions = /* @__PURE__ */ knownOptions<DisruptionControllerOptions>(
  'a disruption controller',
  { concurrency: true, scales: true },
)

const SCALES: readonly Kind[] = [Deployment, ReplicaSet, Cell, StatefulSet, DaemonSet, SlotSet]

/**
 * Fills the status of each DisruptionBudget: what is wanted, what works, how much more may be taken away, and which
 * grants are not over. `takeDisruption` goes by it.
 *
 * Guarantees: the status is made from the tasks and grants of one revision in one transaction, so that a grant is
 * never lost or counted twice; a grant ends when its task is gone or after two minutes; what changes nothing writes
 * nothing. While it does not run, no more is granted than it had allowed.
 *
 * @throws UsageError for unknown options; InvalidError when `concurrency` is no whole number of at least 1
 */
export function createDisruptionController(options: DisruptionControllerOptions = {}): Controller {
  assertKnown(options, KNOWN)
  const { concurrency = 4, scales = SCALES } = options
  assertValid('disruption controller', wholeNumber('concurrency', concurrency, { min: 1 }))
  return createController({
    name: 'disruption',
    for: DisruptionBudget,
    watches: [{ kind: Task, map: (task, reader) => budgetsOf(task, reader) }],
    concurrency,
    async reconcile(ref, budget, ctx) {
      if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return
      const { client, env } = ctx
      const seen = scaleOf(client, selectedTasks(client, budget), scales)
      for (const owner of seen.owners) ctx.watch(owner.kind, owner.ref)
      const wakeAtMs = await fill(client, ref, scales, env.clock.now())
      if (wakeAtMs !== undefined) return requeueAfter(Math.max(0, wakeAtMs - env.clock.now()))
    },
  })
}

/** The budgets that select the task. */
function budgetsOf({ metadata: { namespace = '', labels } }: Task, reader: Reader): readonly ObjectRef[] {
  return reader
    .list(DisruptionBudget, { namespace })
    .items.filter(({ spec }) => labelSelectorFromObject(spec.selector).matches(labels))
    .map(({ metadata: { name } }) => ({ namespace, name }))
}

function selectedTasks(
  reader: Reader,
  { metadata: { namespace = '' }, spec }: DisruptionBudget,
): readonly Task[] {
  return reader.list(Task, { namespace, labelSelector: spec.selector }).items
}

function fill(
  client: Client,
  ref: ObjectRef,
  scales: readonly Kind[],
  nowMs: number,
): Promise<number | undefined> {
  return client.transact(tx => {
    const budget = tx.get(DisruptionBudget, ref)
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return undefined
    const tasks = selectedTasks(tx, budget)
    const { status, wakeAtMs } = statusOf(
      budget,
      tasks,
      scaleOf(tx, tasks.filter(isTaskActive), scales),
      nowMs,
    )
    // An equal status is a no-op to the store.
    tx.updateStatus(DisruptionBudget, { ...budget, status })
    return wakeAtMs
  })
}

function statusOf(
  budget: DisruptionBudget,
  tasks: readonly Task[],
  scale: TaskScale,
  nowMs: number,
): { readonly status: DisruptionBudgetStatus; readonly wakeAtMs?: number } {
  const present = tasks.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const { grants, tasks: given, counted, wakeAtMs } = openGrants(budget.status?.grants ?? [], present, nowMs)
  const kept = present.filter(task => isHealthyTask(task) && !given.has(task.metadata.uid))
  const healthy = Math.max(0, kept.length - counted)
  const { spec, metadata, status: before } = budget
  const allowance = disruptionAllowance(spec, { expected: scale.expected, healthy })
  const told = conditionOf(allowance.disruptionsAllowed, allowance.desiredHealthy, scale.expected)
  const status = {
    observedGeneration: metadata.generation,
    expectedTasks: scale.expected,
    currentHealthy: healthy,
    ...allowance,
    grants,
    conditions: setCondition(before?.conditions, told, formatTime(nowMs)),
  }
  return wakeAtMs === undefined ? { status } : { status, wakeAtMs }
}

/** A budget that can never allow anything stops every drain for good, so it says so. */
function conditionOf(
  allowed: number,
  desired: number,
  expected: number,
): Omit<Condition, 'lastTransitionTime'> {
  const type = 'DisruptionAllowed'
  if (allowed > 0)
    return { type, status: 'True', reason: 'SufficientTasks', message: `${desired} of ${expected} must stay` }
  if (expected > 0 && desired >= expected) {
    const message = `all of the ${expected} wanted must stay, so that none can ever be taken away`
    return { type, status: 'False', reason: 'NeverAllowed', message }
  }
  const message = `${desired} of ${expected} must stay, and no more than that work`
  return { type, status: 'False', reason: 'InsufficientTasks', message }
}
