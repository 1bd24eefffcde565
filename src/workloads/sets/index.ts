// Start here.
export { planCellTask } from '../cell-tasks/cell-task-plan.js'
export { planDaemon } from '../daemon/daemon-plan.js'
export { nodeEligibility } from '../daemon/node-eligibility.js'
export { planOrdinals } from '../stateful/ordinal-plan.js'

// Types you will meet.
export type { CellRecord } from '../cell-tasks/cell-record.js'
export type { CellTaskPlan } from '../cell-tasks/cell-task-plan.js'
export type { DaemonCell, DaemonPlan } from '../daemon/daemon-plan.js'
export type { NodeEligibility } from '../daemon/node-eligibility.js'
export type { OrdinalPlan, OrdinalRange, OrdinalView } from '../stateful/ordinal-plan.js'
