import { Cell, isTaskActive, Node, SlotSet, Task } from '../../api/index.js'
import { isSlotJob } from '../../api/internal.js'
import { resolveIntOrPercent } from '../../core/internal.js'
import type { Controller } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectRef, Reader, Transaction } from '../../store/index.js'
import { planDaemon } from '../daemon/daemon-plan.js'
import { nodeEligibility } from '../daemon/node-eligibility.js'
import { jobConditions } from '../slots/job-conditions.js'
import type { SlotState } from '../slots/slot-plan.js'
import { planJobSlots, planSlots } from '../slots/slot-plan.js'
import type { CellShape } from './set-cells.js'
import { cellsOf, countCells, createCell, shapeCell, withoutDoubles } from './set-cells.js'
import type { SetControllerOptions } from './stateful-set-controller.js'
import { setOptions } from './stateful-set-controller.js'

/**
 * Makes and deletes the Cells of each SlotSet, one per slot or per node, and reports in its status. Which revision they run
 * is decided by `createCellRolloutController({ for: SlotSet })`; what runs in them is kept by `createCellController`, which
 * restarts as `spec.restartPolicy` says and keeps the last few tasks of each slot.
 *
 * Guarantees: cells and status change in one transaction; slots are numbered from 1, those of a job from 0, and the lowest
 * free numbers come first; a set that shrinks gives up what does not run and what is crowded on a node; another template
 * begins a job again; a slot of a job that was given up stays so while its restart policy says that, and is never made again
 * under another number; a pass in
 * which nothing changes writes nothing.
 *
 * @throws UsageError for unknown options; InvalidError for numbers that are none of at least 1
 */
export function createSlotSetController(options: SetControllerOptions = {}): Controller {
  const { concurrency, burst } = setOptions(options)
  return createController({
    name: 'slotsets',
    for: SlotSet,
    owns: [Cell],
    watches: [
      {
        kind: Node,
        map: (_, reader) =>
          reader
            .list(SlotSet)
            .items.filter(isGlobal)
            .map(({ metadata: { namespace = '', name } }) => ({ namespace, name })),
      },
    ],
    concurrency,
    async reconcile(ref, set, { client, env }) {
      if (set === undefined) return
      if (await keepSlots(client, ref, burst, env.clock.now())) return requeueAfter(0)
    },
  })
}

/** What a pass does to the cells of a set. */
interface CellsPlan {
  readonly create: readonly CellShape[]
  readonly remove: ReadonlySet<Cell>
  /** Keys of cells that are to stay as they are. */
  readonly held: ReadonlySet<string>
  /** Tasks that are to be there. */
  readonly desired: number
  /** Of a job: slots, or nodes, that have to be complete. */
  readonly toComplete: number
}

/** One pass over one set; true when there is more to do at once. */
function keepSlots(client: Client, ref: ObjectRef, burst: number, nowMs: number): Promise<boolean> {
  return client.transact(tx => {
    const set = tx.get(SlotSet, ref)
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return false
    // Before the rollout has said which revision there is, there is nothing to run.
    if (set.status?.updateRevision === undefined) return false
    const cells = withoutDoubles(tx, cellsOf(tx, set))
    const plan = planCellsOf(tx, set, cells)
    const gone = new Set([...plan.remove].slice(0, burst))
    for (const cell of cells) {
      if (cell.metadata.deletionTimestamp !== undefined) continue
      if (gone.has(cell)) tx.delete(Cell, cell.metadata)
      else if (!plan.remove.has(cell)) shapeCell(tx, cell, shapeOf(set, cell.spec, plan))
    }
    for (const shape of plan.create.slice(0, burst)) createCell(tx, SlotSet, set, shapeOf(set, shape, plan))
    report(tx, set, plan, nowMs)
    return plan.create.length > burst || plan.remove.size > burst
  })
}

function planCellsOf(tx: Reader, set: SlotSet, cells: readonly Cell[]): CellsPlan {
  const { mode = 'replicated' } = set.spec
  if (mode === 'replicated') return planReplicated(tx, set, cells)
  if (mode === 'global') return planGlobal(tx, set, cells, '')
  const prefix = `${set.status?.updateRevision ?? ''}-`
  const isOld = ({ spec }: Cell): boolean => !spec.key.startsWith(prefix)
  const present = cells.filter(cell => !isOld(cell))
  const plan =
    mode === 'global-job' ? planGlobal(tx, set, present, prefix) : planReplicatedJob(set, present, prefix)
  return { ...plan, remove: new Set([...cells.filter(isOld), ...plan.remove]) }
}

function planReplicated(tx: Reader, set: SlotSet, cells: readonly Cell[]): CellsPlan {
  const { replicas = 1 } = set.spec
  // Where tasks are is asked only when some have to go.
  const isShrinking = countCells(cells, ({ metadata }) => metadata.deletionTimestamp === undefined) > replicas
  const { create, remove } = planSlots(
    replicas,
    cells.map(cell => slotOf(cell, isShrinking ? placeOf(tx, cell) : undefined)),
  )
  const gone = new Set(remove)
  return {
    create: create.map(slot => ({ key: `${slot}`, ordinal: slot })),
    remove: new Set(cells.filter(({ spec }) => gone.has(spec.ordinal ?? 0))),
    held: new Set(),
    desired: replicas,
    toComplete: replicas,
  }
}

/** The node of the one task that runs in a cell, or is to. */
function placeOf(tx: Reader, { metadata: { uid } }: Cell): string | undefined {
  const [one, ...others] = tx
    .list(Task, { index: { name: 'controller', value: uid } })
    .items.filter(isTaskActive)
  return others.length === 0 ? one?.spec.nodeName : undefined
}

function slotOf({ metadata, spec, status }: Cell, node: string | undefined): SlotState {
  return {
    slot: spec.ordinal ?? 0,
    running: status?.ready === true,
    terminating: metadata.deletionTimestamp !== undefined,
    ...(node === undefined ? {} : { node }),
  }
}

function planReplicatedJob(set: SlotSet, cells: readonly Cell[], prefix: string): CellsPlan {
  const { maxConcurrent = 1, totalCompletions = maxConcurrent } = set.spec
  const slots = cells.map(({ spec, status }) => ({
    slot: spec.ordinal ?? 0,
    ...(status?.phase === undefined ? {} : { phase: status.phase }),
  }))
  const create = planJobSlots({ totalCompletions, maxConcurrent }, slots)
  const atWork = slots.filter(({ phase }) => phase === undefined).length
  return {
    create: create.map(slot => ({ key: `${prefix}${slot}`, ordinal: slot })),
    remove: new Set(),
    held: new Set(),
    desired: atWork + create.length,
    toComplete: totalCompletions,
  }
}

/**
 * As the cells of a daemon. Of a job what a node has done, or failed to do, is remembered while there is that node, whether
 * or not it takes tasks; so what is complete stays so, and a taint that comes and goes gives no further attempts.
 */
function planGlobal(tx: Reader, set: SlotSet, cells: readonly Cell[], prefix: string): CellsPlan {
  const remembering = new Set(
    isSlotJob(set.spec)
      ? cells.filter(({ status }) => hasRecord(status) && status?.revision === undefined).map(nodeOf)
      : [],
  )
  const nodes = new Map(
    tx.list(Node).items.map(node => {
      const { name, deletionTimestamp } = node.metadata
      const eligible = nodeEligibility(node, set.spec.template.spec)
      const starts = eligible.starts && node.spec.unschedulable !== true
      const stays = eligible.stays || (remembering.has(name) && deletionTimestamp === undefined)
      return [name, { ...eligible, starts, stays }]
    }),
  )
  const plan = planDaemon(
    nodes,
    cells.map(({ metadata, spec, status }) => ({
      node: spec.nodeName ?? '',
      occupied: status?.revision !== undefined || hasRecord(status),
      terminating: metadata.deletionTimestamp !== undefined,
    })),
  )
  const gone = new Set(plan.remove)
  const takers = [...nodes].filter(([, { starts, responds }]) => starts && responds).map(([name]) => name)
  const ended = cells.filter(({ status }) => status?.phase !== undefined).map(nodeOf)
  return {
    create: plan.create.map(node => ({ key: `${prefix}${node}`, nodeName: node })),
    remove: new Set(cells.filter(cell => gone.has(nodeOf(cell)))),
    held: new Set(plan.held.map(node => `${prefix}${node}`)),
    desired: plan.desired,
    toComplete: new Set([...takers, ...ended.filter(node => !gone.has(node))]).size,
  }
}

function nodeOf({ spec }: Cell): string {
  return spec.nodeName ?? ''
}

/** Whether a cell has something to remember: that it is done, or how often it has failed. */
function hasRecord(status: Cell['status']): boolean {
  return status?.phase !== undefined || status?.attempted !== undefined
}

function shapeOf(
  set: SlotSet,
  { key, ordinal, nodeName }: CellShape,
  { desired, held }: CellsPlan,
): CellShape {
  const { spec } = set
  const { maxSurge = 0 } = spec.updateStrategy?.rollingUpdate ?? {}
  const isSurging = resolveIntOrPercent(maxSurge, desired, { rounding: 'up' }) > 0
  return {
    key,
    ...(ordinal === undefined ? {} : { ordinal }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
    ...(isSurging ? { surge: true } : {}),
    ...(held.has(key) ? { held: true } : {}),
    restartPolicy: spec.restartPolicy ?? {},
    ...(spec.taskHistoryLimit === undefined ? {} : { taskHistoryLimit: spec.taskHistoryLimit }),
    ...(isSlotJob(set.spec) ? { completes: true } : {}),
  }
}

function report(
  tx: Transaction,
  set: SlotSet,
  { desired, toComplete }: Pick<CellsPlan, 'desired' | 'toComplete'>,
  nowMs: number,
): void {
  const cells = cellsOf(tx, set).filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const update = set.status?.updateRevision
  const completed = countCells(cells, ({ status }) => status?.phase === 'Complete')
  const stopped = countCells(cells, ({ status }) => status?.phase === 'Stopped')
  const conditions = isSlotJob(set.spec)
    ? jobConditions(set, { completed, stopped, toComplete }, nowMs)
    : undefined
  // An equal status is a no-op to the store.
  tx.updateStatus(SlotSet, {
    ...set,
    status: {
      ...set.status,
      observedGeneration: set.metadata.generation,
      desiredTasks: desired,
      runningTasks: countCells(cells, ({ status }) => status?.revision !== undefined),
      availableTasks: countCells(cells, ({ status }) => status?.available === true),
      updatedTasks: countCells(
        cells,
        ({ status }) => status?.revision !== undefined && status.revision === update,
      ),
      completedTasks: completed,
      stoppedTasks: stopped,
      ...(conditions === undefined ? {} : { conditions }),
    },
  })
}

function isGlobal({ spec: { mode = 'replicated' } }: SlotSet): boolean {
  return mode === 'global' || mode === 'global-job'
}
