import { UsageError } from '../../core/index.js'
import { randomChoices, replayChoices } from './search/choices.js'
import { type Execution, type ExecutionSetup, execute, type TraceStep } from './run/execution.js'
import type { Violation } from './judge/invariants.js'
import { formatReplay, parseReplay } from './report/replay-text.js'
import { setupOf, type SimulateOptions } from './simulate-options.js'
import { formatTimeline } from './report/timeline.js'
import type { SearchMode } from './search/search-options.js'
import type { MakeParts } from './world/simulated-process.js'

/** One execution. */
export interface Simulation {
  /** What was not kept. Where executions come to rest is compared by `check` only. */
  readonly violation: Violation | undefined
  readonly trace: readonly TraceStep[]
  /** The trace as text. */
  readonly timeline: string
  /** Runs this execution again, with the same code and options. */
  readonly replay: string
  /** Objects and things outside at rest, one line each, without uids, revisions and times. */
  readonly state: readonly string[]
}

/**
 * Runs the code under test once, in a world in which every commit, delivery, reconcile and timer, every act of the
 * user, and every fault is a choice. The choices come from `seed` (default 1), or from `replay`.
 *
 * @throws InvalidError, UsageError for options that cannot be understood; what a start of the code under test throws
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
  const { seed, choices } =
    options.replay === undefined
      ? { seed: options.seed ?? 1, choices: undefined }
      : parseReplay(options.replay)
  const setup = setupOf(make, options, seed)
  return simulationOf(
    await execute(setup, choices === undefined ? randomChoices(seed, setup.faults) : replayChoices(choices)),
  )
}

/** What others are told of an execution. */
export function simulationOf(
  execution: Execution,
  violation: Violation | undefined = execution.violation,
): Simulation {
  const { trace, state } = execution
  return { violation, trace, timeline: formatTimeline(trace), replay: formatReplay(execution), state }
}

/**
 * An execution that was looked into no further than its rest is repeated beyond it; that much is not compared.
 *
 * @throws UsageError when the same choices lead elsewhere
 */
export async function assertRepeatable(setup: ExecutionSetup, first: Execution): Promise<void> {
  const { seed, choices, trace } = first
  const again = await execute({ ...setup, seed }, replayChoices(choices))
  for (let at = 0; at < trace.length; at++) {
    const one = stepText(trace[at])
    const two = stepText(again.trace[at])
    if (one === two) continue
    throw new UsageError(
      `the code under test is not deterministic: step ${at + 1} of one execution was "${one}", and when repeated "${two}". ` +
        'Take time, chance and ids from ctx.env, and keep no state outside of the function that makes the parts',
      { seed, step: at + 1 },
    )
  }
}

function stepText(step: TraceStep | undefined): string {
  if (step === undefined) return 'nothing'
  const { actor, kind, label, timeMs, revision } = step
  return `${timeMs} ms ${actor} ${kind} ${label}${revision === undefined ? '' : ` → ${revision}`}`
}
