import type { Cell } from '../../api/index.js'
import { CellTable } from '../cell-plan/cell-table.js'
import type { CellGoal, CellPlan, CellProgram } from '../cell-plan/cell-view.js'
import { planCells } from '../cell-plan/plan-cells.js'
import { viewOfCell } from './cell-sets.js'

/** Tables that are kept, those of the sets that were looked at last. */
const TABLES_MAX = 32

interface Kept {
  readonly table: CellTable
  readonly program: string
  /** The cells as they were seen, by key. Objects of a store do not change, so another one is another state. */
  readonly seen: Map<string, Cell>
}

/**
 * Plans for sets that are looked at again and again: only those cells are taken in that have changed since. What is kept is a cache and no state: each plan is that of the cells it is given, as `planCells` makes it.
 */
export class CellTables {
  readonly #kept = new Map<string, Kept>()

  /** The plan for the cells of the set `uid`. */
  plan(uid: string, cells: readonly Cell[], goal: CellGoal, program: CellProgram): CellPlan {
    const before = this.#kept.get(uid)
    this.#kept.delete(uid)
    const text = JSON.stringify(program)
    const kept = before?.program === text ? before : madeFor(text, goal, program)
    const { table, seen } = kept
    table.retarget(goal)
    const gone = new Set(seen.keys())
    for (const cell of cells) {
      const { key } = cell.spec
      // Two of one key: what planCells says of it.
      if (!gone.delete(key) && seen.has(key)) return planCells(cells.map(viewOfCell), goal, program)
      if (seen.get(key) === cell) continue
      table.set(viewOfCell(cell))
      seen.set(key, cell)
    }
    for (const key of gone) {
      table.delete(key)
      seen.delete(key)
    }
    const plan = table.step()
    this.#kept.set(uid, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > TABLES_MAX && oldest !== undefined) this.#kept.delete(oldest)
    return plan
  }
}

function madeFor(program: string, goal: CellGoal, given: CellProgram): Kept {
  return { table: new CellTable(given, goal), program, seen: new Map() }
}
