import { UsageError } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import { randomChoices } from './choices/random-choices.js'
import { replayChoices } from './choices/replay-choices.js'
import type { Simulation } from './report/observe.js'
import { observe } from './report/observe.js'
import { optionsHash } from './report/options-hash.js'
import { differs, isAsRecorded, parseReplay } from './report/replay-text.js'
import { rerunGuarded } from './run/guarded-rerun.js'
import type { SearchOptions } from './search/search-options.js'
import { SEARCH_NAMES } from './search/search-options.js'
import type { SearchMode } from './setup/search-mode.js'
import type { SimulateOptions } from './setup/simulate-options.js'
import { SIMULATE_NAMES, setupOf } from './setup/simulate-options.js'
import type { MakeParts } from './world/simulated-process.js'

/** What decides the choices of an execution. */
interface Choosing {
  readonly seed?: number
  readonly replay?: string
  /** That of the check which found the replay; some faults have other defaults in an exhaustive search. */
  readonly mode?: SearchMode
}

type Given = SimulateOptions & SearchOptions & Choosing & { readonly workers?: unknown }

/** A check that found something gives its own options on, as they are. */
const SIMULATION_OPTIONS = /* @__PURE__ */ knownOptions<Given>('simulate', {
  ...SIMULATE_NAMES,
  ...SEARCH_NAMES,
  replay: true,
  workers: true,
})

/**
 * Runs the code under test once, in a world in which every commit, delivery, reconcile and timer, every act of the
 * user, and every fault is a choice. The choices come from `seed` (default 1), or from `replay`. It is run a second
 * time under guard, to see whether it repeats, and whether it starts work at the host.
 *
 * @throws InvalidError, UsageError for invalid options, for a replay that was recorded with other
 * options or code, and when the two runs differ; what a start of the code under test throws
 */
export async function simulate(make: MakeParts, options: SimulateOptions & Choosing): Promise<Simulation> {
  assertKnown(options, SIMULATION_OPTIONS)
  const recorded = options.replay === undefined ? undefined : parseReplay(options.replay)
  const setup = setupOf(make, options, recorded?.seed ?? options.seed ?? 1)
  const check = optionsHash(options)
  if (recorded !== undefined && recorded.check !== check)
    throw new UsageError('the replay was recorded with other options than these', { replay: options.replay })
  const source =
    recorded === undefined ? randomChoices(setup.seed, setup.faults) : replayChoices(recorded.choices)
  const { execution, simulation } = await observe(setup, source, { check })
  if (recorded !== undefined && !isAsRecorded(recorded, execution)) throw differs(options.replay)
  return { ...simulation, violation: (await rerunGuarded(setup, execution)) ?? simulation.violation }
}
