import { Cell, StatefulSet } from '../../api/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Controller } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectRef, Transaction } from '../../store/index.js'
import type { OrdinalView } from '../stateful/ordinal-plan.js'
import { planOrdinals } from '../stateful/ordinal-plan.js'
import type { CellShape } from './set-cells.js'
import { CELL_BURST, cellsOf, countCells, createCell, shapeCell, withoutDoubles } from './set-cells.js'

/** How the loops of sets behave. */
export interface SetControllerOptions {
  /** Sets worked on at once. Default 4. */
  readonly concurrency?: number
  /** Most cells made or deleted in one pass; the rest follows in the next. Default 500. */
  readonly burst?: number
}

const KNOWN: KnownOptions = /* @__PURE__ */ knownOptions<SetControllerOptions>('a controller of sets', {
  concurrency: true,
  burst: true,
})

/** The options with their defaults. @throws UsageError, InvalidError */
export function setOptions(options: SetControllerOptions): Required<SetControllerOptions> {
  assertKnown(options, KNOWN)
  const { concurrency = 4, burst = CELL_BURST } = options
  assertValid('controller of sets', [
    ...wholeNumber('concurrency', concurrency, { min: 1 }),
    ...wholeNumber('burst', burst, { min: 1 }),
  ])
  return { concurrency, burst }
}

/**
 * Makes and deletes the Cells of each StatefulSet, one per ordinal, and reports in its status. Which revision they run
 * is decided by `createCellRolloutController({ for: StatefulSet })`; what runs in them is kept by `createCellController`.
 *
 * Guarantees: cells and status change in one transaction; ordered, no ordinal is made before all below it are available,
 * and they go from the top, each when the task of the one before is gone; an ordinal has the same name and hostname in
 * every revision, `web-0`; a pass in which nothing changes writes nothing.
 *
 * @throws UsageError for unknown options; InvalidError for numbers that are none of at least 1
 */
export function createStatefulSetController(options: SetControllerOptions = {}): Controller {
  const { concurrency, burst } = setOptions(options)
  return createController({
    name: 'statefulsets',
    for: StatefulSet,
    owns: [Cell],
    concurrency,
    async reconcile(ref, set, { client }) {
      if (set === undefined) return
      if (await keepOrdinals(client, ref, burst)) return requeueAfter(0)
    },
  })
}

/** One pass over one set; true when there is more to do at once. */
function keepOrdinals(client: Client, ref: ObjectRef, burst: number): Promise<boolean> {
  return client.transact(tx => {
    const set = tx.get(StatefulSet, ref)
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return false
    const { replicas, ordinals = { start: 0 }, podManagementPolicy = 'OrderedReady' } = set.spec
    const { start } = ordinals
    const range = { replicas, start, ordered: podManagementPolicy === 'OrderedReady' }
    const cells = withoutDoubles(tx, cellsOf(tx, set))
    // Before the rollout has said which revision there is, there is nothing to run.
    const isKnown = set.status?.updateRevision !== undefined
    const plan = isKnown ? planOrdinals(range, cells.map(ordinalOf)) : { create: [], remove: [] }
    const gone = new Set(plan.remove.slice(0, burst))
    for (const cell of cells) {
      const { ordinal = 0 } = cell.spec
      if (cell.metadata.deletionTimestamp !== undefined) continue
      if (gone.has(ordinal)) tx.delete(Cell, cell.metadata)
      else shapeCell(tx, cell, shapeOf(set, ordinal))
    }
    for (const ordinal of plan.create.slice(0, burst)) createCell(tx, StatefulSet, set, shapeOf(set, ordinal))
    report(tx, set)
    return plan.create.length > burst || plan.remove.length > burst
  })
}

function ordinalOf({ metadata, spec, status }: Cell): OrdinalView {
  const { ordinal = 0 } = spec
  if (metadata.deletionTimestamp !== undefined) return { ordinal, state: 'terminating' }
  return { ordinal, state: status?.available === true ? 'available' : 'pending' }
}

function shapeOf({ metadata: { name }, spec: { minReadySeconds } }: StatefulSet, ordinal: number): CellShape {
  return {
    key: `${ordinal}`,
    ordinal,
    taskName: `${name}-${ordinal}`,
    ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
  }
}

function report(tx: Transaction, set: StatefulSet): void {
  const cells = cellsOf(tx, set)
  const update = set.status?.updateRevision
  // An equal status is a no-op to the store.
  tx.updateStatus(StatefulSet, {
    ...set,
    status: {
      ...set.status,
      observedGeneration: set.metadata.generation,
      replicas: countCells(cells, ({ status }) => status?.revision !== undefined),
      readyReplicas: countCells(cells, ({ status }) => status?.ready === true),
      availableReplicas: countCells(cells, ({ status }) => status?.available === true),
      updatedReplicas: countCells(
        cells,
        ({ status }) => status?.revision !== undefined && status.revision === update,
      ),
    },
  })
}
