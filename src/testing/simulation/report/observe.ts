import type { TraceStep } from '../actions/trace-step.js'
import type { ChoiceSource } from '../choices/choice-source.js'
import type { Violation } from '../judge/violation.js'
import { execute } from '../run/execute.js'
import type { Execution, JudgeRest } from '../setup/execution.js'
import type { ExecutionSetup } from '../setup/execution-setup.js'
import { describeDivergence } from './divergence.js'
import { explainKey } from './explain.js'
import { formatMermaid } from './mermaid.js'
import { createObservation } from './observation.js'
import { formatReplay, replayOf } from './replay-text.js'
import { formatTimeline } from './timeline.js'
import type { WorldState } from './world-state.js'
import { worldAfter } from './world-state.js'

/** One execution. */
export interface Simulation {
  /** What was not kept. Where executions come to rest is compared by `check` only. */
  readonly violation: Violation | undefined
  readonly trace: readonly TraceStep[]
  /** The trace as text. */
  readonly timeline: string
  /** The same, with the middle of what is long, and lines of the log to their ends. */
  readonly wholeTimeline: string
  /** Where it leaves the undisturbed way, a line each: the first time, and each fault. Undefined when it never does. */
  readonly divergence: string | undefined
  /** The trace as a sequence diagram, in the language of Mermaid. */
  readonly mermaid: string
  /** Runs this execution again, with the same code and options. */
  readonly replay: string
  /** Objects and things outside at rest, one line each, without uids, revisions and times. */
  readonly state: readonly string[]
  /**
   * Why a key (`name`, or `namespace/name`) ran, each time: what had been delivered, by whom it was written, and
   * timers.
   */
  explain(key: string): string
  /**
   * The world after a step, as the timeline numbers them; 0 is the beginning.
   *
   * @throws UsageError when there is no such step
   */
  at(step: number): WorldState
}

/** What is known when an execution is observed. */
export interface ObservationSite {
  /** The hash of the options. */
  readonly check: string
  readonly judge?: JudgeRest
}

/** Runs an execution, and tells what others are told of it. */
export async function observe(
  setup: ExecutionSetup,
  source: ChoiceSource,
  { check, judge }: ObservationSite,
): Promise<{ readonly execution: Execution; readonly simulation: Simulation }> {
  const { observer, watching, steps } = createObservation()
  const execution = await execute({ ...setup, observer }, watching(source), judge)
  const { trace, state, violation } = execution
  const simulation: Simulation = {
    violation,
    trace,
    timeline: formatTimeline(steps, violation?.loop),
    wholeTimeline: formatTimeline(steps, violation?.loop, true),
    divergence: describeDivergence(steps),
    mermaid: formatMermaid(steps),
    replay: formatReplay(replayOf(execution, check)),
    state,
    explain: key => explainKey(steps, key),
    at: step => worldAfter(steps, step),
  }
  return { execution, simulation }
}
