import type { TraceStep } from '../actions/trace-step.js'
import type { Violation } from '../judge/violation.js'
import type { Ending } from '../world/user.js'

/** What a world has come to. */
export interface Rest {
  readonly ending: Ending
  /** One line for each object and each thing outside. */
  readonly state: readonly string[]
  /** As much of it as is compared. */
  readonly compared: readonly string[]
  /** Names of objects that were not given. */
  readonly madeNames: ReadonlySet<string>
  /** Names of things outside, without uids. */
  readonly outsideKeys: readonly string[]
}

/** Judges a rest; `known` when what would follow from it is known to be right. */
export type JudgeRest = (rest: Rest) => Violation | 'known' | undefined

/** What came of one execution. */
export interface Execution extends Rest {
  readonly seed: number
  /** Indexes of what was chosen, wherever there was a choice. */
  readonly choices: readonly number[]
  /** For each choice, the step of the trace that it led to; -1 for the choice of the ending. */
  readonly chosenSteps: readonly number[]
  readonly trace: readonly TraceStep[]
  /** How many of these led to its rest. */
  readonly stepsToRest: number
  readonly violation: Violation | undefined
  /** True when it was stopped on the way, because the rest of it was known. */
  readonly isStopped: boolean
  /** Names of controllers that ran at its rest. */
  readonly controllers: readonly string[]
  /** Why a process did not get to its start, if one did not. */
  readonly unstarted: string | undefined
}
