import type { FieldProblem } from '../core/index.js'
import { formatTime, isConditionTrue, isKeelsonError } from '../core/index.js'
import { assertValid, compareText, labelSelectorFromObject, wholeNumber } from '../core/internal.js'
import type { ObjectRef, Reader, Transaction } from '../store/index.js'
import type { DisruptionGrantRecord } from './disruption-budget.js'
import { DisruptionBudget } from './disruption-budget.js'
import { isTaskActive, Task } from './task.js'

/** What is to be taken away: these tasks, or so many healthy ones with these labels, whichever they will be. */
export type DisruptionRequest =
  | { readonly tasks: readonly ObjectRef[]; readonly labels?: undefined }
  | {
      readonly namespace: string
      /** All the labels of those tasks: what budgets select by. */
      readonly labels: Readonly<Record<string, string>>
      /** A whole number of at least 0. */
      readonly count: number
      readonly tasks?: undefined
    }

/** Who asks, and when. */
export interface DisruptionAsker {
  /** For people, such as `drain n7`. Not empty. */
  readonly by: string
  /** Epoch ms, of the env's clock. */
  readonly nowMs: number
}

/** Why a task must stay, or why a count was cut. */
export interface DisruptionRefusal {
  /** Absent where a count was asked for. */
  readonly task?: ObjectRef
  readonly budget: ObjectRef
  /** `exhausted`: no more is allowed now. `unobserved`: its status does not speak of its spec yet, or there is none. */
  readonly reason: 'exhausted' | 'unobserved'
}

/** What may be taken away. */
export interface DisruptionGrant {
  /** How many: of the tasks asked about, or of the count. */
  readonly count: number
  /** Which, in the order asked; empty where a count was asked for. */
  readonly tasks: readonly ObjectRef[]
  readonly refusals: readonly DisruptionRefusal[]
}

/**
 * Asks every DisruptionBudget that a disruption touches, inside the caller's transaction: grant and deletion are
 * committed together, or neither is. What two ask for at one revision, one gets: the other's transaction runs again
 * and sees the grant.
 *
 * What is not ready, has ended, is being deleted or is gone is granted and costs nothing, as it is no loss to anybody.
 * So is a task that has a grant that is not over, whoever asked for it: who asks again after a crash goes on. Tasks that
 * no budget selects are granted, and all are in a store that does not know the kind DisruptionBudget. A budget whose
 * status is missing or older than its spec allows nothing: {@link DisruptionBudget} needs its controller,
 * `createDisruptionController` of `keelson/rollout`.
 *
 * Partial grants are grants: who needs all or nothing throws. Costs one look at the budgets of the namespace, and
 * for a count one at the tasks with the labels.
 *
 * @throws InvalidError when `by` is empty, or `nowMs` is no time, or a count no whole number of at least 0
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { DisruptionBudget, takeDisruption, Task } from 'keelson/api'
 * import { createStore } from 'keelson/store'
 *
 * const store = createStore({ kinds: [DisruptionBudget, Task] })
 * const ref = { namespace: 'default', name: 'web-1' }
 * await store.create(Task, { metadata: { ...ref, labels: { app: 'web' } }, spec: { command: ['web'] } })
 * const evicted = await store.transact(tx => {
 *   const { tasks } = takeDisruption(tx, { tasks: [ref] }, { by: 'drain n7', nowMs: Date.now() })
 *   for (const task of tasks) tx.delete(Task, task)
 *   return tasks
 * })
 * assert.deepEqual(evicted, [ref])
 * ```
 */
export function takeDisruption(
  tx: Transaction,
  request: DisruptionRequest,
  asker: DisruptionAsker,
): DisruptionGrant {
  assertValid('disruption', [
    ...(asker.by === '' ? [{ field: 'by', value: asker.by, message: 'must say who asks' }] : []),
    ...(Number.isFinite(asker.nowMs)
      ? []
      : [{ field: 'nowMs', value: asker.nowMs, message: 'must be a time in ms, as env.clock.now() tells' }]),
    ...(request.tasks === undefined ? wholeNumber('count', request.count) : []),
  ] satisfies FieldProblem[])
  return request.tasks === undefined ? takeCount(tx, request, asker) : takeTasks(tx, request.tasks, asker)
}

function takeTasks(tx: Transaction, refs: readonly ObjectRef[], asker: DisruptionAsker): DisruptionGrant {
  const granted: ObjectRef[] = []
  const refusals: DisruptionRefusal[] = []
  for (const ref of refs) {
    const task = tx.get(Task, ref)
    const refused = task === undefined || !isHealthyTask(task) ? [] : takeTask(tx, task, asker)
    if (refused.length === 0) granted.push(ref)
    else refusals.push(...refused)
  }
  return { count: granted.length, tasks: granted, refusals }
}

function takeTask(tx: Transaction, task: Task, { by, nowMs }: DisruptionAsker): readonly DisruptionRefusal[] {
  const { uid, labels, name, namespace = '' } = task.metadata
  const budgets = budgetsFor(tx, namespace, labels).filter(
    ({ status }) => status?.grants.some(grant => grant.task === uid) !== true,
  )
  const refusals = budgets.flatMap(budget => {
    const reason = refusalOf(budget, 1)
    return reason === undefined ? [] : [{ task: { namespace, name }, budget: refTo(budget), reason }]
  })
  if (refusals.length === 0)
    for (const budget of budgets) record(tx, budget, 1, { by, time: formatTime(nowMs), task: uid })
  return refusals
}

function takeCount(
  tx: Transaction,
  request: Extract<DisruptionRequest, { readonly count: number }>,
  { by, nowMs }: DisruptionAsker,
): DisruptionGrant {
  const { namespace, labels } = request
  const budgets = budgetsFor(tx, namespace, labels)
  const count = Math.min(request.count, ...budgets.map(allowedBy))
  const refusals = budgets.flatMap(budget => {
    const reason = refusalOf(budget, request.count)
    return reason === undefined ? [] : [{ budget: refTo(budget), reason }]
  })
  if (count > 0 && budgets.length > 0) {
    const times = presentTasks(tx, namespace, labels).map(({ metadata }) => metadata.creationTimestamp)
    const newestTime = times.sort(compareText).at(-1)
    const counted = {
      count,
      labels,
      present: times.length,
      ...(newestTime === undefined ? {} : { newestTime }),
    }
    for (const budget of budgets) record(tx, budget, count, { by, time: formatTime(nowMs), ...counted })
  }
  return { count, tasks: [], refusals }
}

/** Ready, and not on its way out: what a disruption costs something. */
export function isHealthyTask(task: Task): boolean {
  return isTaskActive(task) && isConditionTrue(task.status?.conditions, 'Ready')
}

/** Tasks with these labels that are not on their way out, ended ones included. */
function presentTasks(reader: Reader, namespace: string, labels: Readonly<Record<string, string>>): Task[] {
  const { items } = reader.list(Task, { namespace, labelSelector: { matchLabels: labels } })
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}

function budgetsFor(
  tx: Transaction,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): readonly DisruptionBudget[] {
  return budgetsIn(tx, namespace).filter(({ spec }) => labelSelectorFromObject(spec.selector).matches(labels))
}

function budgetsIn(reader: Reader, namespace: string): readonly DisruptionBudget[] {
  try {
    return reader.list(DisruptionBudget, { namespace }).items
  } catch (error) {
    // A store that does not know the kind has no budgets.
    if (isKeelsonError(error, 'Usage')) return []
    throw error
  }
}

function allowedBy({ metadata, status }: DisruptionBudget): number {
  return status?.observedGeneration === metadata.generation ? status.disruptionsAllowed : 0
}

function refusalOf(budget: DisruptionBudget, count: number): DisruptionRefusal['reason'] | undefined {
  if (budget.status?.observedGeneration !== budget.metadata.generation) return 'unobserved'
  return budget.status.disruptionsAllowed < count ? 'exhausted' : undefined
}

function record(
  tx: Transaction,
  budget: DisruptionBudget,
  count: number,
  grant: DisruptionGrantRecord,
): void {
  tx.modifyStatus(DisruptionBudget, budget.metadata, draft => {
    if (draft.status === undefined) return
    draft.status.disruptionsAllowed -= count
    draft.status.currentHealthy -= count
    draft.status.grants = [...draft.status.grants, grant] as typeof draft.status.grants
  })
}

function refTo({ metadata: { namespace = '', name } }: DisruptionBudget): ObjectRef {
  return { namespace, name }
}
