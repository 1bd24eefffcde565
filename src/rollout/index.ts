// Budget.
export type { IntOrPercent, PercentRounding } from './int-or-percent.js'
export type { Bounds, BudgetSpec, ResolvedBudget } from './budget.js'
export { resolveBudget } from './budget.js'
export type { BudgetFinding } from './lint-budget.js'
export { lintBudget } from './lint-budget.js'

// Strategy.
export type { FailurePolicy, Program, ProgramOptions, Waypoint } from './program.js'
export { checkProgram, recreate, rolling } from './program.js'
export type { KubernetesFailure, KubernetesStrategy } from './presets/kubernetes-rollout.js'
export { kubernetesProgram } from './presets/kubernetes-rollout.js'
export type { MarathonUpgradeStrategy, RollingCounts } from './presets/marathon-rollout.js'
export { marathonBudget, marathonStrategy } from './presets/marathon-rollout.js'

// Decision.
export type { Move, MoveInput, Tally } from './move.js'
export { move } from './move.js'
export type { Blocker } from './blocker.js'
export { describeBlocker } from './blocker.js'
export type { FailureCause, Marks } from './gates.js'
export type { HeldGoal } from './goal.js'
export type { RolloutFailure, RolloutPhase, RolloutState } from './rollout-state.js'
export type { Plan, RolloutAction, RolloutSpec, RolloutTally, RolloutView } from './machine.js'
export { plan } from './machine.js'

// Ledger.
export type { EntryOutcome, LedgerEntry, UndoTarget } from './revision-ledger.js'
export {
  diffTemplates,
  forgettable,
  latestEntry,
  nextNumber,
  stableEntry,
  undoTarget,
} from './revision-ledger.js'

// Status.
export type { RolledOut, RolloutRecord, RolloutRung, RolloutStatus } from './rollout-status.js'
export { describeRollout, rolloutRecord, rolloutStatus } from './rollout-status.js'

// Deployments.
export type { RolloutControllerOptions } from './shell/rollout-controller.js'
export { createRolloutController } from './shell/rollout-controller.js'
export type { RevisionEntry } from './shell/ledger.js'
export type { UndoOptions } from './shell/undo.js'
export { history, undo } from './shell/undo.js'
