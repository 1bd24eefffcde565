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
 * What becomes of a step whose outcome somebody awaits, such as a commit. Schedulers of production give none; a
 * simulator shows by it what a store that is far away can do.
 * - `refused`: the step does nothing, and who awaits it is told `error`.
 * - `lost`: the step happens, and who awaits it is told `error` in place of the outcome.
 * - `late`: the step happens, and who awaits it is told the outcome when `until` resolves.
 */
export type StepFate =
  | { readonly kind: 'refused'; readonly error: Error }
  | { readonly kind: 'lost'; readonly error: Error }
  | { readonly kind: 'late'; readonly until: Promise<unknown> }

/** Work to be done in a step. */
export type DeferredStep = (fate?: StepFate) => void

/**
 * Runs deferred steps, one at a time, never inside the call that deferred them.
 * In production a step runs in a microtask or macrotask; in a simulator its turn is a choice.
 */
export interface TaskScheduler {
  /** Runs `step` later, in a step of its own; the returned function takes it back. */
  defer(step: DeferredStep, about: StepInfo): Cancel
}
