import type { Cancel } from './clock.js'

/** What kind of asynchronous step is waiting; a simulator groups and reorders steps by it. */
export type StepKind = 'commit' | 'deliver' | 'reconcile' | 'timer' | 'call'

/** Describes a deferred step: for traces, and so that a simulator can tell which steps commute. */
export interface StepInfo {
  readonly kind: StepKind
  /** Short and stable, for example `update Task default/web-1`. */
  readonly label: string
  /** Keys the step reads. Absent means "not known": assume it conflicts with every other step. */
  readonly reads?: readonly string[]
  /** Keys the step writes. Absent means "not known". */
  readonly writes?: readonly string[]
}

/**
 * Runs deferred steps, one at a time, never inside the call that deferred them.
 * In production a step runs in a microtask or macrotask; in a simulator its turn is a choice.
 */
export interface TaskScheduler {
  defer(step: () => void, about: StepInfo): Cancel
}
