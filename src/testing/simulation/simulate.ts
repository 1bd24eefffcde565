import { UsageError } from '../../core/index.js'
import type { TraceStep } from './actions/trace-step.js'
import type { ChoiceSource } from './choices/choice-source.js'
import { randomChoices, replayChoices } from './choices/choice-source.js'
import type { Violation } from './judge/invariants.js'
import { describeDivergence } from './report/divergence.js'
import { explainKey } from './report/explain.js'
import { formatMermaid } from './report/mermaid.js'
import { createObservation } from './report/observation.js'
import { optionsHash } from './report/options-hash.js'
import { formatReplay, isAsRecorded, parseReplay, replayOf } from './report/replay-text.js'
import { formatTimeline } from './report/timeline.js'
import type { WorldState } from './report/world-state.js'
import { worldAfter } from './report/world-state.js'
import { execute } from './run/execute.js'
import { repeat } from './run/guarded-rerun.js'
import type { SearchMode } from './search/search-options.js'
import type { Execution, JudgeRest } from './setup/execution.js'
import type { ExecutionSetup } from './setup/execution-setup.js'
import type { SimulateOptions } from './setup/simulate-options.js'
import { setupOf } from './setup/simulate-options.js'
import type { MakeParts } from './world/simulated-process.js'

/** One execution. */
export interface Simulation {
  /** What was not kept. Where executions come to rest is compared by `check` only. */
  readonly violation: Violation | undefined
  readonly trace: readonly TraceStep[]
  /** The trace as text. */
  readonly timeline: string
  /** Where it leaves the undisturbed way, a line each: the first time, and each fault. Undefined when it never does. */
  readonly divergence: string | undefined
  /** The trace as a sequence diagram, in the language of Mermaid. */
  readonly mermaid: string
  /** Runs this execution again, with the same code and options. */
  readonly replay: string
  /** Objects and things outside at rest, one line each, without uids, revisions and times. */
  readonly state: readonly string[]
  /** Why a key (`name`, or `namespace/name`) ran, each time: what had been delivered, by whom it was written, and timers. */
  explain(key: string): string
  /**
   * The world after a step, as the timeline numbers them; 0 is the beginning.
   *
   * @throws UsageError when there is no such step
   */
  at(step: number): WorldState
}

/**
 * Runs the code under test once, in a world in which every commit, delivery, reconcile and timer, every act of the
 * user, and every fault is a choice. The choices come from `seed` (default 1), or from `replay`. It is run a second time
 * under guard, to see whether it repeats, and whether it starts work at the host.
 *
 * @throws InvalidError, UsageError for options that cannot be understood, for a replay that was recorded with other
 * options or code, and when the two runs differ; what a start of the code under test throws
 */
export async function simulate(
  make: MakeParts,
  options: SimulateOptions & {
    readonly seed?: number
    readonly replay?: string
    /** That of the check which found the replay; some faults have other defaults in an exhaustive search. */
    readonly mode?: SearchMode
  },
): Promise<Simulation> {
  const recorded = options.replay === undefined ? undefined : parseReplay(options.replay)
  const setup = setupOf(make, options, recorded?.seed ?? options.seed ?? 1)
  const check = optionsHash(options)
  if (recorded !== undefined && recorded.check !== check)
    throw new UsageError('the replay was recorded with other options than these', { replay: options.replay })
  const source =
    recorded === undefined ? randomChoices(setup.seed, setup.faults) : replayChoices(recorded.choices)
  const { execution, simulation } = await observe(setup, source, { check })
  if (recorded !== undefined && !isAsRecorded(recorded, execution)) throw differs(options.replay)
  return { ...simulation, violation: (await repeat(setup, execution)) ?? simulation.violation }
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
    divergence: describeDivergence(steps),
    mermaid: formatMermaid(steps),
    replay: formatReplay(replayOf(execution, check)),
    state,
    explain: key => explainKey(steps, key),
    at: step => worldAfter(steps, step),
  }
  return { execution, simulation }
}

/** The code must have changed: with the same options, other things happen than were recorded. */
export function differs(replay: string | undefined): UsageError {
  return new UsageError(
    'the execution differs from the recorded one: the code or the options have changed since. ' +
      'Nothing failed in it, which says little; run the check without the replay',
    { replay },
  )
}
