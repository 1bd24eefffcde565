// Start here.
export { describeCellBlocker } from '../cell-plan/cell-view.js'
export { planCells } from '../cell-plan/plan-cells.js'

// To build with.
export { CellTable } from '../cell-plan/cell-table.js'

// Types you will meet.
export type { CellBlocker, CellGoal, CellPlan, CellProgram, CellView } from '../cell-plan/cell-view.js'
