import type { DisruptionRefusal } from '../../api/index.js'
import { isTaskFinished, Node, Task, takeDisruption } from '../../api/index.js'
import type { FieldProblem } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Client, ObjectRef, Reader } from '../../store/index.js'
import type { MaintenanceWindow } from '../cron/maintenance-window.js'
import { maintenanceAt } from '../cron/maintenance-window.js'
import { drainOrder } from '../drain-order.js'
import { isTaskOfItsNode } from './task-of-its-node.js'

/** How a node is drained. */
export interface DrainNodeOptions {
  /** Who asks, for people and the grants of budgets, such as `drain n7`. Not empty. */
  readonly by: string
  /** When it gives up; what is left stays, and the node stays cordoned. Epoch ms. Default: never. */
  readonly deadlineMs?: number
  /** At the deadline what is left is evicted whatever budgets and windows say. Default false. */
  readonly forceAtDeadline?: boolean
  /** Tasks that stay. Default: those of a DaemonSet, which would come back. */
  readonly stays?: (task: Task) => boolean
  /** Tasks are evicted only while one of them is open. Default: at any time. */
  readonly windows?: readonly MaintenanceWindow[]
  /** Between two looks. A whole number ≥ 1, default 1,000 ms. */
  readonly retryMs?: number
  readonly signal?: AbortSignal
}

/** What became of a drain. */
export interface DrainReport {
  /** Nothing that was to go is left. */
  readonly isDrained: boolean
  /** Why it ended before: the deadline, or the node was uncordoned meanwhile. Absent when it is drained. */
  readonly endedBy?: 'Deadline' | 'Uncordoned'
  /** Tasks that this call has evicted. */
  readonly evicted: readonly ObjectRef[]
  /** Tasks that have not ended. */
  readonly left: readonly ObjectRef[]
  /** Why they were not evicted, at the last look. */
  readonly refusals: readonly DisruptionRefusal[]
}

const DRAIN_NODE_OPTIONS = /* @__PURE__ */ knownOptions<DrainNodeOptions>('drainNode', {
  by: true,
  deadlineMs: true,
  forceAtDeadline: true,
  stays: true,
  windows: true,
  retryMs: true,
  signal: true,
})

/**
 * Cordons a node, then evicts its tasks, those that are not ready first, as its DisruptionBudgets allow, and resolves when
 * the last has ended.
 *
 * Guarantees: a task is deleted in the transaction in which each of its budgets grants it, unless it is forced at the
 * deadline. Everything is in the store: after a crash the same call goes on where it was, and pays for no task twice. A
 * deadline is a time, so a crash does not put it off; what was forced is waited for as long as its grace period, and 10 s.
 * The node stays cordoned; whoever uncordons it ends the drain.
 *
 * @throws InvalidError for an option out of bounds, before anything changes; NotFound when there is no such node; what the
 * signal says when it is aborted
 */
export async function drainNode(
  client: Client,
  ref: ObjectRef,
  options: DrainNodeOptions,
): Promise<DrainReport> {
  assertKnown(options, DRAIN_NODE_OPTIONS)
  assertDrain(options, client.env.clock.now())
  const { name } = ref
  const { deadlineMs = Number.POSITIVE_INFINITY, retryMs = 1_000, windows = [], signal } = options
  const { clock } = client.env
  await client.modify(Node, { name }, draft => void (draft.spec.unschedulable = true))
  const evicted: ObjectRef[] = []
  let refusals: readonly DisruptionRefusal[] = []
  let endMs = deadlineMs
  for (let isForced = false; ; ) {
    signal?.throwIfAborted()
    const nowMs = clock.now()
    const { isOpen, untilMs } = maintenanceAt(windows, nowMs)
    const isLate = nowMs >= deadlineMs
    const isUncordoned = client.get(Node, { name })?.spec.unschedulable === false
    if (isLate && options.forceAtDeadline === true && !isForced && !isUncordoned) {
      isForced = true
      endMs = nowMs + longestGraceMs(leftOn(client, name, options)) + FORCED_SLACK_MS
      evicted.push(...(await evictAll(client, name, options)))
    } else if (isOpen && !isLate && !isUncordoned) {
      const round = await evictSome(client, name, options)
      evicted.push(...round.tasks)
      refusals = round.refusals
    }
    const left = leftOn(client, name, options)
    if (left.length === 0) return { isDrained: true, evicted, left: [], refusals: [] }
    const endedBy = isUncordoned ? 'Uncordoned' : nowMs >= endMs ? 'Deadline' : undefined
    if (endedBy !== undefined) return { isDrained: false, endedBy, evicted, left: left.map(refOf), refusals }
    const isRetried = isOpen || isForced
    const wakeAtMs = Math.min(isRetried ? nowMs + retryMs : (untilMs ?? Number.POSITIVE_INFINITY), endMs)
    await clock.sleep(Math.max(0, Math.min(wakeAtMs - nowMs, LOOK_MS_MAX)), signal)
  }
}

/** For the news of the end of what was forced. */
const FORCED_SLACK_MS = 10_000

const DEFAULT_GRACE_SECONDS = 30

function longestGraceMs(tasks: readonly Task[]): number {
  return Math.max(
    0,
    ...tasks.map(({ spec }) => (spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000),
  )
}

/** What ends by itself while no window is open is seen within this time. */
const LOOK_MS_MAX = 60_000

function assertDrain(options: DrainNodeOptions, nowMs: number): void {
  const { by, deadlineMs, forceAtDeadline, retryMs = 1_000, windows = [] } = options
  const problems: FieldProblem[] = [...wholeNumber('retryMs', retryMs, { min: 1 })]
  if (typeof by !== 'string' || by === '')
    problems.push({ field: 'by', value: by, message: 'must say who asks' })
  if (deadlineMs !== undefined && !Number.isFinite(deadlineMs))
    problems.push({ field: 'deadlineMs', value: deadlineMs, message: 'must be a time in ms, or be left out' })
  if (forceAtDeadline === true && deadlineMs === undefined)
    problems.push({ field: 'forceAtDeadline', value: true, message: 'has no meaning without deadlineMs' })
  assertValid('drain', problems)
  maintenanceAt(windows, nowMs)
}

function evictSome(
  client: Client,
  name: string,
  options: DrainNodeOptions,
): Promise<{ readonly tasks: readonly ObjectRef[]; readonly refusals: readonly DisruptionRefusal[] }> {
  return client.transact(tx => {
    const tasks = drainOrder(leavingOn(tx, name, options)).map(refOf)
    const grant = takeDisruption(tx, { tasks }, { by: options.by, nowMs: client.env.clock.now() })
    for (const task of grant.tasks) tx.delete(Task, task)
    return grant
  })
}

/** Whatever their budgets say. */
function evictAll(client: Client, name: string, options: DrainNodeOptions): Promise<readonly ObjectRef[]> {
  return client.transact(tx => {
    const tasks = drainOrder(leavingOn(tx, name, options)).map(refOf)
    for (const task of tasks) tx.delete(Task, task)
    return tasks
  })
}

function leftOn(reader: Reader, name: string, options: DrainNodeOptions): readonly Task[] {
  return leavingOn(reader, name, options).filter(task => !isTaskFinished(task))
}

/** The tasks of the node that are not to stay. */
function leavingOn(reader: Reader, name: string, { stays }: DrainNodeOptions): readonly Task[] {
  const isStaying = stays ?? ((task: Task): boolean => isTaskOfItsNode(reader, task))
  return reader.list(Task, { index: { name: 'node', value: name } }).items.filter(task => !isStaying(task))
}

function refOf({ metadata: { namespace, name } }: Task): ObjectRef {
  return namespace === undefined ? { name } : { namespace, name }
}
