import type { DaemonSet, SlotSet, StatefulSet } from '../../api/index.js'
import { Cell } from '../../api/index.js'
import { contentHash } from '../../core/index.js'
import { compareText, deepEqual } from '../../core/internal.js'
import { controllerReference } from '../../reconcile/index.js'
import type { Kind, Reader, Transaction } from '../../store/index.js'

/** Keeps a cell until its tasks are gone. */
export const CELL_FINALIZER = 'keelson.dev/cell-tasks'

/** Most cells made or deleted in one pass, unless told otherwise. */
export const CELL_BURST = 500

/** The sets that keep their tasks in cells. */
type CellOwner = StatefulSet | DaemonSet | SlotSet

/** What a set says about one of its cells; the revision is the rollout's. */
export type CellShape = Omit<Cell['spec'], 'revision' | 'set'>

/** The cells of a set, those on their way out included. */
export function cellsOf(reader: Reader, set: CellOwner): readonly Cell[] {
  return reader.list(Cell, { index: { name: 'controller', value: set.metadata.uid } }).items
}

/** Each key once: of cells that claim the same, the one that has a task stays, or else the oldest; the others go. */
export function withoutDoubles(tx: Transaction, cells: readonly Cell[]): readonly Cell[] {
  const living = cells.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const byKey = new Map<string, Cell>()
  for (const cell of living) {
    const known = byKey.get(cell.spec.key)
    if (known === undefined || byClaim(cell, known) < 0) byKey.set(cell.spec.key, cell)
  }
  if (byKey.size === living.length) return cells
  const doubles = new Set(living.filter(cell => byKey.get(cell.spec.key) !== cell))
  for (const { metadata } of doubles) tx.delete(Cell, metadata)
  return cells.filter(cell => !doubles.has(cell))
}

function byClaim(a: Cell, b: Cell): number {
  return (
    Number(b.status?.revision !== undefined) - Number(a.status?.revision !== undefined) ||
    compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compareText(a.metadata.name, b.metadata.name)
  )
}

/** Makes a cell of what works, or of what is rolled out where nothing has worked yet. */
export function createCell(tx: Transaction, kind: Kind, set: CellOwner, shape: CellShape): void {
  const { name, namespace, uid } = set.metadata
  const revision = set.status?.currentRevision ?? set.status?.updateRevision
  if (revision === undefined) return
  tx.create(Cell, {
    metadata: {
      // Of this very set: one of another kind, or one that had its name before, may have a cell of that key.
      name: `${name}-${contentHash([uid, shape.key])}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: set.spec.template.metadata?.labels ?? {},
      ownerReferences: [controllerReference(kind, set)],
      finalizers: [CELL_FINALIZER],
    },
    spec: { ...shape, set: name, revision },
  })
}

/** Writes what the set says about a cell, if it says something else now. */
export function shapeCell(tx: Transaction, cell: Cell, shape: CellShape): void {
  const { set, revision } = cell.spec
  const spec = { ...shape, set, revision }
  if (!deepEqual(cell.spec, spec)) tx.update(Cell, { ...cell, spec })
}

/** How many cells something holds of. */
export function countCells(cells: readonly Cell[], holds: (cell: Cell) => boolean): number {
  return cells.filter(holds).length
}
