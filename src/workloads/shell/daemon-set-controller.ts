import { Cell, DaemonSet, Node } from '../../api/index.js'
import { resolveIntOrPercent } from '../../core/internal.js'
import type { Controller } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectRef, Transaction } from '../../store/index.js'
import type { DaemonPlan } from '../daemon/daemon-plan.js'
import { planDaemon } from '../daemon/daemon-plan.js'
import { nodeEligibility } from '../daemon/node-eligibility.js'
import type { CellShape } from './set-cells.js'
import { cellsOf, countCells, createCell, shapeCell, withoutDoubles } from './set-cells.js'
import type { SetControllerOptions } from './stateful-set-controller.js'
import { setOptions } from './stateful-set-controller.js'

/**
 * Makes and deletes the Cells of each DaemonSet, one per node that takes its tasks, and reports in its status. Which
 * revision they run is decided by `createCellRolloutController({ for: DaemonSet })`; what runs in them is kept by
 * `createCellController`.
 *
 * Guarantees: cells and status change in one transaction; a node that is silent, or that a taint has closed since, keeps
 * the task that it has, and no rollout waits for it (kubernetes#63465, #118823); a pass in which nothing changes writes
 * nothing.
 *
 * @throws UsageError for unknown options; InvalidError for numbers that are none of at least 1
 */
export function createDaemonSetController(options: SetControllerOptions = {}): Controller {
  const { concurrency, burst } = setOptions(options)
  return createController({
    name: 'daemonsets',
    for: DaemonSet,
    owns: [Cell],
    watches: [
      {
        kind: Node,
        map: (_, reader) =>
          reader.list(DaemonSet).items.map(({ metadata: { namespace = '', name } }) => ({ namespace, name })),
      },
    ],
    concurrency,
    async reconcile(ref, set, { client }) {
      if (set === undefined) return
      if (await keepNodes(client, ref, burst)) return requeueAfter(0)
    },
  })
}

/** One pass over one set; true when there is more to do at once. */
function keepNodes(client: Client, ref: ObjectRef, burst: number): Promise<boolean> {
  return client.transact(tx => {
    const set = tx.get(DaemonSet, ref)
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return false
    // Before the rollout has said which revision there is, there is nothing to run.
    if (set.status?.updateRevision === undefined) return false
    const nodes = new Map(
      tx.list(Node).items.map(node => [node.metadata.name, nodeEligibility(node, set.spec.template.spec)]),
    )
    const cells = withoutDoubles(tx, cellsOf(tx, set))
    const plan = planDaemon(
      nodes,
      cells.map(({ metadata, spec, status }) => ({
        node: spec.key,
        occupied: status?.revision !== undefined,
        terminating: metadata.deletionTimestamp !== undefined,
      })),
    )
    const [doomed, gone] = [new Set(plan.remove), new Set(plan.remove.slice(0, burst))]
    for (const cell of cells) {
      if (cell.metadata.deletionTimestamp !== undefined) continue
      if (gone.has(cell.spec.key)) tx.delete(Cell, cell.metadata)
      else if (!doomed.has(cell.spec.key)) shapeCell(tx, cell, shapeOf(set, cell.spec.key, plan))
    }
    for (const node of plan.create.slice(0, burst)) createCell(tx, DaemonSet, set, shapeOf(set, node, plan))
    report(tx, set, plan)
    return plan.create.length > burst || plan.remove.length > burst
  })
}

function shapeOf({ spec }: DaemonSet, node: string, { desired, held }: DaemonPlan): CellShape {
  const { maxSurge = 0 } = spec.updateStrategy?.rollingUpdate ?? {}
  const isSurging = resolveIntOrPercent(maxSurge, desired, { rounding: 'up' }) > 0
  return {
    key: node,
    nodeName: node,
    ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
    ...(isSurging ? { surge: true } : {}),
    ...(held.includes(node) ? { held: true } : {}),
  }
}

function report(tx: Transaction, set: DaemonSet, { desired, misscheduled }: DaemonPlan): void {
  const cells = cellsOf(tx, set).filter(({ spec }) => spec.held !== true)
  const update = set.status?.updateRevision
  const available = countCells(cells, ({ status }) => status?.available === true)
  // An equal status is a no-op to the store.
  tx.updateStatus(DaemonSet, {
    ...set,
    status: {
      ...set.status,
      observedGeneration: set.metadata.generation,
      desiredNumberScheduled: desired,
      currentNumberScheduled: countCells(cells, ({ status }) => status?.revision !== undefined),
      numberMisscheduled: misscheduled,
      numberReady: countCells(cells, ({ status }) => status?.ready === true),
      numberAvailable: available,
      numberUnavailable: Math.max(0, desired - available),
      updatedNumberScheduled: countCells(
        cells,
        ({ status }) => status?.revision !== undefined && status.revision === update,
      ),
    },
  })
}
