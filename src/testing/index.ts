export type { CapturedLog, LogLevel } from './captured-logs.js'
// Laws.
export type { DescribeStoreOptions, MakeStore, TestFramework } from './describe-store.js'
export { describeStore } from './describe-store.js'
// Fuzzing.
export { type FuzzOptions, type FuzzReport, fuzz } from './fuzzing/fuzz.js'
export { FuzzFailedError } from './fuzzing/fuzz-failed-error.js'
export { schemaEdits } from './fuzzing/schema-edits.js'
export type { PendingWork } from './pending-work.js'
export type { ActionKind, FaultKind } from './simulation/actions/action.js'
export type { FaultOptions, FaultSettings } from './simulation/actions/fault-settings.js'
export { type CheckOptions, type CheckReport, check } from './simulation/check.js'
// Simulation.
export { CheckFailedError } from './simulation/check-failed-error.js'
export type { Endings, Invariant, Monitor } from './simulation/judge/invariant.js'
export type { InvariantName, Loop, Violation } from './simulation/judge/invariants.js'
export { justifiedDelete } from './simulation/judge/justified-delete.js'
export type { Moment, ObjectChange } from './simulation/judge/moment.js'
export type { Predicate } from './simulation/judge/predicate.js'
export {
  always,
  atRest,
  bounded,
  type Deadline,
  eventually,
  leadsTo,
  never,
  type Scope,
  stable,
  until,
} from './simulation/judge/temporal.js'
export { writesPerChange } from './simulation/judge/writes-per-change.js'
export type { WorldState } from './simulation/report/world-state.js'
export type { TraceStep } from './simulation/run/execution.js'
export type { SearchMode, SearchOptions } from './simulation/search/search-options.js'
export { type Simulation, simulate } from './simulation/simulate.js'
export type { SimulateOptions } from './simulation/simulate-options.js'
export type { Incident, IncidentSite } from './simulation/world/incidents.js'
export type { MakeParts, ProcessSite } from './simulation/world/simulated-process.js'
export type { SpecEdit } from './simulation/world/spec-edits.js'
export type { RunUntilOptions, VirtualEnv, VirtualEnvOptions } from './virtual-env.js'
export { createVirtualEnv } from './virtual-env.js'
export type { LabelCount } from './virtual-errors.js'
export { LivelockError, VirtualTimeoutError } from './virtual-errors.js'
