// Start here.
export { kubernetesProgram } from './presets/kubernetes-rollout.js'
export { recreate, rolling } from './program.js'
export { describeRollout, rolloutStatus } from './rollout-status.js'
export { createCellRolloutController } from './shell/cell-rollout-controller.js'
export { createDisruptionController } from './shell/disruption-controller.js'
export { createGroupController } from './shell/group-controller.js'
export { createRolloutController } from './shell/rollout-controller.js'
export { actOnRollout } from './shell/rollout-command.js'
export { history, undo } from './shell/undo.js'

// To build with.
export { describeBlocker } from './blocker.js'
export { resolveBudget } from './budget.js'
export { admitGroup, planGroup, revertGroup } from './groups/group-plan.js'
export { stepGroup } from './groups/group-rollout.js'
export { lintBudget } from './lint-budget.js'
export { scaleView } from './shell/scale-view.js'
export { plan } from './machine.js'
export { move } from './move.js'
export { argoRollout } from './presets/argo-rollout.js'
export { marathonBudget, marathonRollout } from './presets/marathon-rollout.js'
export { nomadRollout } from './presets/nomad-rollout.js'
export { openshiftRollout } from './presets/openshift-rollout.js'
export { swarmRollout } from './presets/swarm-rollout.js'

// Types you will meet: cells and disruptions.
export type { CellRolloutControllerOptions } from './shell/cell-rollout-controller.js'
export type { DisruptionControllerOptions } from './shell/disruption-controller.js'
export type { GroupControllerOptions } from './shell/group-controller.js'

// Types you will meet: strategies.
export type { Bounds, BudgetSpec, ResolvedBudget } from './budget.js'
export type {
  CalendarWindow,
  FailureAction,
  FailurePolicy,
  Gate,
  IntOrPercent,
  RolloutHook,
  RolloutStep,
  RolloutStops,
} from '../core/internal.js'
export type { BudgetFinding } from './lint-budget.js'
export type { KubernetesFailure, KubernetesStrategy } from './presets/kubernetes-rollout.js'
export type { ArgoAnalysis, ArgoRollout, ArgoStep } from './presets/argo-rollout.js'
export type { MarathonUpgradeStrategy } from './presets/marathon-rollout.js'
export type { NomadUpdate } from './presets/nomad-rollout.js'
export type { OpenShiftHook, OpenShiftRollout } from './presets/openshift-rollout.js'
export type { RolloutFields } from './presets/rollout-fields.js'
export type { SwarmRollbackConfig, SwarmUpdateConfig } from './presets/swarm-rollout.js'
export type { Program, ProgramOptions, Waypoint } from './program.js'

// Types you will meet: decisions.
export type { Blocker } from './blocker.js'
export type { GateAnswer, GateFailure, GateQuestion } from './gate.js'
export type { FailureCause } from './failure-cause.js'
export type { Marks } from './gates.js'
export type { InstanceFailure } from './instance-failure.js'
export type { HeldGoal } from './goal.js'
export type { Plan, RolloutAction } from './machine.js'
export type { RolloutTally, RolloutView } from './rollout-view.js'
export type { TrafficView, TrafficWeight } from './traffic.js'
export type { RolloutSpec } from './rollout-spec.js'
export type { Move, MoveInput, Tally } from './move.js'
export type { RolloutFailure, RolloutPhase, RolloutState } from './rollout-state.js'

// Types you will meet: groups.
export type {
  Group,
  GroupAdmission,
  GroupChange,
  GroupConflictPolicy,
  GroupMember,
} from './groups/group-plan.js'
export type {
  GroupFailureAction,
  GroupRolloutState,
  GroupStep,
  MemberStanding,
} from './groups/group-rollout.js'

// Types you will meet: status and history.
export type { EntryOutcome, LedgerEntry } from './revision-ledger.js'
export type { RolledOut, RolloutRung, RolloutStatus } from './rollout-status.js'
export type { GateResult, GateRun, GateRunner } from './shell/gate-runners.js'
export type { RevisionEntry } from './shell/ledger.js'
export type { RolloutCommand } from './shell/rollout-command.js'
export type { RolloutControllerOptions } from './shell/rollout-controller.js'
export type { RevisionedKind } from './shell/revision-owner.js'
export type { ScaleView } from './shell/scale-view.js'
export type { UndoOptions } from './shell/undo.js'
