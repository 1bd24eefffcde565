export type { CapturedLog, LogLevel } from './virtual/captured-logs.js'
export type { PendingWork } from './virtual/pending-work.js'
export type { RunUntilOptions, VirtualEnv, VirtualEnvOptions } from './virtual/virtual-env.js'
export { createVirtualEnv } from './virtual/virtual-env.js'
export type { LabelCount } from './virtual/virtual-errors.js'
export { LivelockError, VirtualTimeoutError } from './virtual/virtual-errors.js'

// Simulation.
export { CheckFailedError } from './simulation/report/check-failed-error.js'
export { check, type CheckOptions, type CheckReport } from './simulation/check.js'
export type { ActionKind } from './simulation/actions/action.js'
export type { FaultKind } from './simulation/actions/faults/faults.js'
export type { FaultOptions, FaultSettings } from './simulation/actions/fault-settings.js'
export type { Endings, Invariant, Monitor } from './simulation/judge/invariant.js'
export type { InvariantName } from './simulation/judge/invariant-name.js'
export type { Loop, Violation } from './simulation/judge/violation.js'
export type { StepView } from './simulation/judge/step-view.js'
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
export { justifiedDelete } from './simulation/judge/justified-delete.js'
export { writesPerChange } from './simulation/judge/writes-per-change.js'
export type { SearchOptions } from './simulation/search/search-options.js'
export type { SearchMode } from './simulation/setup/search-mode.js'
export type { SimulateOptions } from './simulation/setup/simulate-options.js'
export type { WorldState } from './simulation/report/world-state.js'
export { simulate } from './simulation/simulate.js'
export { type Simulation } from './simulation/report/observe.js'
export type { TraceStep } from './simulation/actions/trace-step.js'
export type { SpecEdit } from './simulation/objects/spec-edits.js'
export type { Incident, IncidentSite } from './simulation/world/incidents.js'
export type { MakeParts, ProcessSite } from './simulation/world/simulated-process.js'

// Fuzzing.
export { fuzz, type FuzzOptions, type FuzzReport } from './fuzzing/fuzz.js'
export { schemaEdits } from './fuzzing/schema-edits.js'
export { FuzzFailedError } from './fuzzing/fuzz-failed-error.js'

// Laws.
export type { DescribeStoreOptions, MakeStore, TestFramework } from './describe-store.js'
export { describeStore } from './describe-store.js'
