import type { DisruptionRefusal } from '../../api/index.js'
import { isTaskFinished, Node, Task, takeDisruption } from '../../api/index.js'
import type { FieldProblem } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Client, ObjectRef, Reader } from '../../store/index.js'
import type { MaintenanceWindow } from '../cron/maintenance-window.js'
import { maintenanceAt } from '../cron/maintenance-window.js'
import { drainOrder } from '../drain-order.js'

/** How a node is drained. */
export interface DrainNodeOptions {
  /** Who asks, for people and the grants of budgets, such as `drain n7`. Not empty. */
  readonly by: string
  /** When it gives up; what is left stays, and the node stays cordoned. Epoch ms. Default: never. */
  readonly deadlineMs?: number
  /** Tasks that stay, such as those of daemons. Default: none. */
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
  stays: true,
  windows: true,
  retryMs: true,
  signal: true,
})

/**
 * Cordons a node, then evicts its tasks, those that are not ready first, as its DisruptionBudgets allow, and resolves when
 * the last has ended.
 *
 * Guarantees: a task is deleted in the transaction in which each of its budgets grants it. Everything is in the store:
 * after a crash the same call goes on where it was, and pays for no task twice. A deadline is a time, so a crash does not
 * put it off. The node stays cordoned.
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
  for (;;) {
    signal?.throwIfAborted()
    const nowMs = clock.now()
    const { isOpen, untilMs } = maintenanceAt(windows, nowMs)
    const isLate = nowMs >= deadlineMs
    const round = isOpen && !isLate ? await evictSome(client, name, options) : { tasks: [], refusals: [] }
    evicted.push(...round.tasks)
    const left = leftOn(client, name, options)
    const isDrained = left.length === 0
    if (isDrained || isLate) return { isDrained, evicted, left: left.map(refOf), refusals: round.refusals }
    const wakeAtMs = Math.min(isOpen ? nowMs + retryMs : (untilMs ?? Number.POSITIVE_INFINITY), deadlineMs)
    await clock.sleep(Math.max(0, Math.min(wakeAtMs - nowMs, LOOK_MS_MAX)), signal)
  }
}

/** What ends by itself while no window is open is seen within this time. */
const LOOK_MS_MAX = 60_000

function assertDrain(options: DrainNodeOptions, nowMs: number): void {
  const { by, deadlineMs, retryMs = 1_000, windows = [] } = options
  const problems: FieldProblem[] = [...wholeNumber('retryMs', retryMs, { min: 1 })]
  if (typeof by !== 'string' || by === '')
    problems.push({ field: 'by', value: by, message: 'must say who asks' })
  if (deadlineMs !== undefined && !Number.isFinite(deadlineMs))
    problems.push({ field: 'deadlineMs', value: deadlineMs, message: 'must be a time in ms, or be left out' })
  assertValid('drain', problems)
  maintenanceAt(windows, nowMs)
}

function evictSome(
  client: Client,
  name: string,
  { by, stays = () => false }: DrainNodeOptions,
): Promise<{ readonly tasks: readonly ObjectRef[]; readonly refusals: readonly DisruptionRefusal[] }> {
  return client.transact(tx => {
    const tasks = drainOrder(tasksOn(tx, name).filter(task => !stays(task))).map(refOf)
    const grant = takeDisruption(tx, { tasks }, { by, nowMs: client.env.clock.now() })
    for (const task of grant.tasks) tx.delete(Task, task)
    return grant
  })
}

function leftOn(reader: Reader, name: string, { stays = () => false }: DrainNodeOptions): readonly Task[] {
  return tasksOn(reader, name).filter(task => !isTaskFinished(task) && !stays(task))
}

function tasksOn(reader: Reader, name: string): readonly Task[] {
  return reader.list(Task, { index: { name: 'node', value: name } }).items
}

function refOf({ metadata: { namespace, name } }: Task): ObjectRef {
  return namespace === undefined ? { name } : { namespace, name }
}
