import { Cell, Event, Revision, Task, TEMPLATE_HASH_LABEL } from '../../api/index.js'
import { CELL_NAME_ANNOTATION } from '../../api/internal.js'
import type { KeelsonError, Toleration } from '../../core/index.js'
import type { Backoff, KnownOptions } from '../../core/internal.js'
import {
  assertKnown,
  assertValid,
  knownOptions,
  NOT_READY_TAINT,
  UNREACHABLE_TAINT,
  wholeNumber,
} from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { controllerOf, controllerReference, createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectInput, ObjectRef, Reader, Transaction } from '../../store/index.js'
import type { CellTaskPlan } from '../cell-tasks/cell-task-plan.js'
import {
  CELL_TASK_FINALIZER,
  defaultCellBackoff,
  isSettled,
  planCellTask,
} from '../cell-tasks/cell-task-plan.js'
import { isHeldBy } from '../held-task.js'
import { letGo } from './let-go.js'
import { CELL_FINALIZER } from './set-cells.js'
import type { Making } from './within-quota.js'
import { retryAtMs, transactWithinQuota } from './within-quota.js'

/** How the cell loop behaves. */
export interface CellControllerOptions {
  /** Cells worked on at once. Default 16. */
  readonly concurrency?: number
  /** Pauses before the successor of a task that has ended. Default 1,000 ms, doubled by each, at most 900,000 ms. */
  readonly backoff?: Partial<Backoff>
  /** Where it tells what it did. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const KNOWN: KnownOptions = /* @__PURE__ */ knownOptions<CellControllerOptions>('a cell controller', {
  concurrency: true,
  backoff: true,
  events: true,
})

/**
 * Keeps one task in each Cell, of exactly the revision that the cell asks for, and says in its status what became of it.
 *
 * Guarantees: tasks and status change in one transaction; never more than one task per cell, or two while one of a new
 * revision starts beside the old one, those on their way out included; a task that has ended is counted in the transaction
 * that deletes it, and with a restart policy it holds the finalizer `keelson.dev/cell` until then, so that each end counts
 * once, whoever else deletes the task; the cell of a task that is still there is not let go. The template is that of the `Revision` of the
 * cell's owner with that hash.
 *
 * @throws UsageError for unknown options; InvalidError when `concurrency` is no whole number of at least 1
 */
export function createCellController(options: CellControllerOptions = {}): Controller {
  assertKnown(options, KNOWN)
  const { concurrency = 16, events = { whenKnown: Event } } = options
  assertValid('cell controller', wholeNumber('concurrency', concurrency, { min: 1 }))
  const backoff = { ...defaultCellBackoff, ...options.backoff }
  return createController({
    name: 'cells',
    for: Cell,
    owns: [Task],
    watches: [
      { kind: Task, map: cellsOf },
      {
        kind: Revision,
        map: (revision, reader) =>
          reader
            .list(Cell, { index: { name: 'controller', value: controllerOf(revision)?.uid ?? '' } })
            .items.filter(cell => cell.spec.revision === revision.spec.templateHash)
            .map(({ metadata: { namespace = '', name } }) => ({ namespace, name })),
      },
    ],
    concurrency,
    events,
    async reconcile(ref, cell, ctx) {
      const { client, env } = ctx
      await letGoStrays(client, ref)
      if (cell === undefined) return
      const { namespace = '' } = ref
      // Whoever has the name now, and lets it go.
      if (cell.spec.taskName !== undefined) ctx.watch(Task, { namespace, name: cell.spec.taskName })
      const done = await keepTask(client, ref, backoff, env.clock.now())
      for (const name of done.made) ctx.record({ reason: 'SuccessfulCreate', note: `created task ${name}` })
      for (const name of done.removed)
        ctx.record({ reason: 'SuccessfulDelete', note: `deleted task ${name}` })
      if (done.message !== undefined && done.message !== cell.status?.message)
        ctx.record({ type: 'Warning', reason: 'FailedCreate', note: done.message })
      if (done.wakeAtMs !== undefined) return requeueAfter(Math.max(0, done.wakeAtMs - env.clock.now()))
    },
  })
}

/** Tasks that are held for a cell belong to it even when they have lost their owner. */
function cellsOf(task: Task): readonly ObjectRef[] {
  const name = task.metadata.annotations[CELL_NAME_ANNOTATION]
  const { namespace = '' } = task.metadata
  return name === undefined || !isHeldBy(CELL_TASK_FINALIZER, task) ? [] : [{ namespace, name }]
}

interface Pass {
  readonly made: readonly string[]
  readonly removed: readonly string[]
  /** Why no task could be made. */
  readonly message?: string
  readonly wakeAtMs?: number
}

const NOTHING: Pass = { made: [], removed: [] }

function keepTask(client: Client, ref: ObjectRef, backoff: Backoff, nowMs: number): Promise<Pass> {
  return transactWithinQuota(client, (tx, making) => {
    const cell = tx.get(Cell, ref)
    if (cell === undefined) return NOTHING
    const tasksOf = (): readonly Task[] =>
      tx.list(Task, { index: { name: 'controller', value: cell.metadata.uid } }).items
    if (cell.metadata.deletionTimestamp !== undefined) return endCell(tx, cell, tasksOf)
    const first = planCellTask(cell, tasksOf(), backoff, nowMs)
    const removed = first.remove.map(({ metadata }) => metadata.name)
    for (const task of first.remove) tx.delete(Task, task.metadata)
    const isChanged = letGoSettled(tx, tasksOf()) || removed.length > 0
    const seen = { spec: cell.spec, status: first.status }
    const second = isChanged ? planCellTask(seen, tasksOf(), backoff, nowMs) : first
    const outcome = second.create ? makeTask(tx, cell, making) : {}
    const made = outcome.task === undefined ? [] : [outcome.task.metadata.name]
    const last = made.length === 0 ? second : planCellTask(seen, tasksOf(), backoff, nowMs)
    report(tx, cell, last, outcome.message)
    // A task that was made may leave no room for the oldest that is kept.
    const isDone = last.remove.length === 0
    const wakeAtMs = isDone ? (last.wakeAtMs ?? retryAtMs(outcome.refused, nowMs)) : nowMs
    return {
      made,
      removed,
      ...(outcome.message === undefined ? {} : { message: outcome.message }),
      ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
    }
  })
}

function report(tx: Transaction, cell: Cell, { status }: CellTaskPlan, message: string | undefined): void {
  // An equal status is a no-op to the store.
  tx.updateStatus(Cell, { ...cell, status: { ...status, ...(message === undefined ? {} : { message }) } })
}

/** True if there was one that the cell held. */
function letGoSettled(tx: Transaction, tasks: readonly Task[]): boolean {
  const settled = tasks.filter(task => isHeldBy(CELL_TASK_FINALIZER, task) && isSettled(task))
  for (const task of settled) letGo(tx, CELL_TASK_FINALIZER, task)
  return settled.length > 0
}

/** Held for any cell of that name, those that are gone among them. */
function tasksOfName(reader: Reader, { namespace = '', name }: ObjectRef): readonly Task[] {
  return reader.list(Task, { namespace, index: { name: 'cell', value: name } }).items
}

/** Tasks that were held for a cell that is not theirs any more: it was taken away by force, or left them as orphans. */
async function letGoStrays(client: Client, ref: ObjectRef): Promise<void> {
  const strays = (reader: Reader): readonly Task[] => {
    const uid = reader.get(Cell, ref)?.metadata.uid
    return tasksOfName(reader, ref).filter(
      task => isHeldBy(CELL_TASK_FINALIZER, task) && (uid === undefined || controllerOf(task)?.uid !== uid),
    )
  }
  if (strays(client).length === 0) return
  await client.transact(tx => {
    for (const task of strays(tx)) letGo(tx, CELL_TASK_FINALIZER, task)
  })
}

/** The cell goes when its last task has gone. */
function endCell(tx: Transaction, cell: Cell, tasksOf: () => readonly Task[]): Pass {
  const leaving = tasksOf().filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  for (const task of leaving) tx.delete(Task, task.metadata)
  letGoSettled(tx, tasksOf())
  if (tasksOf().length === 0 && cell.metadata.finalizers.includes(CELL_FINALIZER))
    tx.modify(Cell, cell.metadata, draft => {
      draft.metadata.finalizers = draft.metadata.finalizers.filter(name => name !== CELL_FINALIZER)
    })
  return { made: [], removed: leaving.map(({ metadata }) => metadata.name) }
}

/** The task, or why there is none. */
interface TaskOutcome {
  readonly task?: Task
  readonly message?: string
  readonly refused?: KeelsonError
}

function makeTask(tx: Transaction, cell: Cell, making: Making): TaskOutcome {
  const { set, revision, taskName } = cell.spec
  const { namespace = '' } = cell.metadata
  const owner = controllerOf(cell)?.uid ?? ''
  const entry = tx
    .list(Revision, { index: { name: 'controller', value: owner } })
    .items.find(({ spec }) => spec.templateHash === revision)
  if (entry === undefined) return { message: `no revision of ${set} has the template ${revision}` }
  if (taskName !== undefined && tx.get(Task, { namespace, name: taskName }) !== undefined)
    return { message: `the name ${taskName} is taken by a task that is not of this cell` }
  const { object, refused } = making.make(() => tx.create(Task, taskFrom(cell, entry)))
  return refused === undefined ? { task: object } : { message: refused.message, refused }
}

/** What is bound to a node waits for it, as the tasks of Kubernetes' DaemonSet. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  { key: UNREACHABLE_TAINT, operator: 'Exists', effect: 'NoExecute' },
  { key: NOT_READY_TAINT, operator: 'Exists', effect: 'NoExecute' },
]

function taskFrom(
  cell: Cell,
  { spec: { template, templateHash } }: Revision,
): ObjectInput<Task['spec'], NonNullable<Task['status']>> {
  const { set, taskName, nodeName, restartPolicy } = cell.spec
  const { name, namespace } = cell.metadata
  const { annotations = {} } = template.metadata ?? {}
  const isHeld = restartPolicy !== undefined
  return {
    metadata: {
      ...(taskName === undefined ? { generateName: `${set}-` } : { name: taskName }),
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...template.metadata?.labels, [TEMPLATE_HASH_LABEL]: templateHash },
      annotations: isHeld ? { ...annotations, [CELL_NAME_ANNOTATION]: name } : annotations,
      ownerReferences: [controllerReference(Cell, cell)],
      finalizers: isHeld ? [CELL_TASK_FINALIZER] : [],
    },
    spec: {
      ...template.spec,
      ...(taskName === undefined
        ? {}
        : { hostname: taskName, replaceWhenLost: template.spec.replaceWhenLost ?? false }),
      ...(nodeName === undefined
        ? {}
        : { nodeName, tolerations: [...(template.spec.tolerations ?? []), ...DAEMON_TOLERATIONS] }),
    },
  }
}
