// Start here.
export { describeStore } from './describe-store.js'
export { fuzz } from './fuzzing/fuzz.js'
export { check } from './simulation/check.js'
export { always, atRest, eventually, never } from './simulation/judge/temporal.js'
export { simulate } from './simulation/simulate.js'
export { createVirtualEnv } from './virtual/virtual-env.js'

// To build with: more invariants, edits from a schema.
export { schemaEdits } from './fuzzing/schema-edits.js'
export { justifiedDelete } from './simulation/judge/justified-delete.js'
export { bounded, leadsTo, stable, until } from './simulation/judge/temporal.js'
export { writesPerChange } from './simulation/judge/writes-per-change.js'
export { withoutOrdinals } from './simulation/objects/without-ordinals.js'

// To build with: proofs and simulations of rollout programs.
export { programMatchers } from './rollouts/program-matchers.js'
export { proveProgram } from './rollouts/prove-program.js'
export { simulateProgram } from './rollouts/simulate-program.js'

// To build with: clients of services, to see what a stop loses.
export { simulateClients } from './discovery/simulate-clients.js'

// To build with: what a failure is.
export { FuzzFailedError } from './fuzzing/fuzz-failed-error.js'
export { CheckFailedError } from './simulation/report/check-failed-error.js'
export { LivelockError, VirtualTimeoutError } from './virtual/virtual-errors.js'

// Types you will meet.
export type { DescribeStoreOptions, TestFramework } from './describe-store.js'
export type {
  SimulateClientsOptions,
  SimulatedClients,
  SimulatedClientsReport,
} from './discovery/simulate-clients.js'
export type { MakeStore } from './make-store.js'
export type { FuzzOptions, FuzzReport } from './fuzzing/fuzz.js'
export type { MatcherVerdict } from './rollouts/program-matchers.js'
export type { ProgramProblem, ProgramProof, ProveOptions } from './rollouts/prove-program.js'
export type { CapacityPoint, ProgramRun, ProgramWorld } from './rollouts/simulate-program.js'
export type { ActionKind } from './simulation/actions/action.js'
export type { FaultOptions, FaultSettings } from './simulation/actions/fault-settings.js'
export type { FaultKind } from './simulation/actions/faults/faults.js'
export type { TraceStep } from './simulation/actions/trace-step.js'
export type { CheckOptions, CheckReport } from './simulation/check.js'
export type { Invariant, Monitor, Scope } from './simulation/judge/invariant.js'
export type { InvariantName } from './simulation/judge/invariant-name.js'
export type { Predicate } from './simulation/judge/predicate.js'
export type { StepView } from './simulation/judge/step-view.js'
export type { Deadline } from './simulation/judge/temporal.js'
export type { Violation } from './simulation/judge/violation.js'
export type { SpecEdit } from './simulation/objects/spec-edits.js'
export type { Simulation } from './simulation/report/observe.js'
export type { WorldState } from './simulation/report/world-state.js'
export type { SearchOptions } from './simulation/search/search-options.js'
export type { SearchMode } from './simulation/setup/search-mode.js'
export type { SimulateOptions } from './simulation/setup/simulate-options.js'
export type { CheckWorkers } from './simulation/threads/check-workers.js'
export type { Incident, IncidentSite } from './simulation/world/incidents.js'
export type { MakeParts, ProcessSite } from './simulation/world/simulated-process.js'
export type { CapturedLog } from './virtual/captured-logs.js'
export type { PendingWork } from './virtual/pending-work.js'
export type { RunUntilOptions, VirtualEnv, VirtualEnvOptions } from './virtual/virtual-env.js'
