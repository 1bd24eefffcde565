import { InvalidError } from '../../core/index.js'
import { CellTable } from './cell-table.js'
import type { CellGoal, CellPlan, CellProgram, CellView } from './cell-view.js'

/**
 * Which cells change their revision now. Pure: equal inputs give equal plans, in any order of the cells. For a set that
 * is looked at again and again keep a {@link CellTable}, which costs what changes.
 *
 * In this order: cells of a revision that is neither wanted nor stable and that do not work are replaced at once, as
 * nothing is lost by it (kubernetes#67250, #60164); then wounded ones of the stable revision, no more at once than may
 * be down on purpose, so that a new revision that never works does not use up what only flaps; then those that work,
 * inside the budget.
 *
 * With A available cells before and A' after a plan: A' ≥ min(A, desired − maxUnavailable); no more than `width`
 * cells are on their way, those aside that were before; with `start-first` no cell is unavailable by a plan.
 *
 * @throws InvalidError for a program or goal that is not acceptable, two cells of one key, more than 100,000 cells
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { planCells } from 'keelson/rollout/cells'
 *
 * const cells = [0, 1, 2].map(ordinal => ({ key: `${ordinal}`, ordinal, revision: 'a', running: 'a', available: true }))
 * const { moves } = planCells(cells, { target: 'b', stable: 'a' }, { strict: true })
 * assert.deepEqual(moves, [{ key: '2', revision: 'b' }])
 * ```
 */
export function planCells(cells: Iterable<CellView>, goal: CellGoal, program: CellProgram = {}): CellPlan {
  const table = new CellTable(program, goal)
  let count = 0
  for (const cell of cells) {
    table.set(cell)
    count += 1
    if (table.size < count) {
      const message = `is the key of two cells; keys are unique in a set`
      throw new InvalidError('cells', [{ field: 'key', value: cell.key, message }])
    }
  }
  return table.step()
}
