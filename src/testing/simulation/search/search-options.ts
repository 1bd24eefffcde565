import type { OptionNames } from '../../../core/internal.js'
import { assertValid, wholeNumber } from '../../../core/internal.js'
import { FAULT_KINDS } from '../actions/faults/faults.js'
import type { ExecutionSetup } from '../setup/execution-setup.js'
import type { SearchMode } from '../setup/search-mode.js'
import { SEARCH_MODES } from '../setup/search-mode.js'
import { ExhaustiveSearch } from './exhaustive-search.js'
import { GuidedSearch } from './guided-search.js'
import { PctSearch } from './pct-search.js'
import { randomSearch } from './random-search.js'
import { RestSearch } from './rest-search.js'
import type { Searcher } from './searcher.js'
import { SieveSearch } from './sieve-search.js'

/** How much is looked at, and how. */
export interface SearchOptions {
  /** Default `random`. */
  readonly mode?: SearchMode
  /**
   * How many executions are looked at (`random`, `pct`, `guided`); some are planned, the others drawn, one for each
   * seed. Default 300, or as many as `timeMs` allows. Given, and without `timeMs`, it is as many on every machine.
   */
  readonly executions?: number
  /**
   * Real time for all, in milliseconds; Infinity for no limit. An eighth of it is kept for making a finding simpler, and
   * an execution under way is not cut short. How many executions that is depends on the machine. Default 4,000, which
   * shows a finding before the time-out of a test runner; no limit when `executions` or `executionsMax` is given.
   */
  readonly timeMs?: number
  /** Told about once a second what was looked at so far. Default: nobody. */
  readonly progress?: (looked: Looked) => void
  /**
   * For `pct`, how many orderings a bug may need to be found with the chance that it promises. At least 1. Default 3.
   */
  readonly depth?: number
  /** Where `sieve` and `exhaustive` give up, incomplete. Default 100,000. */
  readonly executionsMax?: number
  /** In an exhaustive search, how many choices of one execution may differ from the undisturbed way. Default: all. */
  readonly deviationsMax?: number
  /** The first seed. Default 1. */
  readonly seed?: number
}

export const SEARCH_NAMES: OptionNames<SearchOptions> = {
  mode: true,
  executions: true,
  timeMs: true,
  progress: true,
  depth: true,
  executionsMax: true,
  deviationsMax: true,
  seed: true,
}

/** How far a check has come. */
export interface Looked {
  readonly executions: number
  /** Real time since its beginning. */
  readonly elapsedMs: number
}

const TIME_MS = 4_000

/** What bounds a search besides its time. */
interface Amounts extends Pick<SearchOptions, 'timeMs' | 'executions' | 'executionsMax'> {
  readonly rounds?: number
}

/** @throws InvalidError for an invalid one */
export function timeOf({ timeMs, executions, executionsMax, rounds }: Amounts): number {
  const isPinned = executions !== undefined || executionsMax !== undefined || rounds !== undefined
  if (timeMs === undefined) return isPinned ? Number.POSITIVE_INFINITY : TIME_MS
  assertValid('check', wholeNumber('timeMs', timeMs, { min: 1, orInfinity: true }))
  return timeMs
}

/** @throws InvalidError which names every invalid option */
export function searcherFor(setup: ExecutionSetup, options: SearchOptions): Searcher {
  const { mode = 'random', executions = 300, depth = 3, executionsMax = 100_000 } = options
  const { deviationsMax = Number.POSITIVE_INFINITY } = options
  const { seed } = setup
  const problems = [
    ...wholeNumber('executions', executions),
    ...wholeNumber('depth', depth, { min: 1 }),
    ...wholeNumber('executionsMax', executionsMax),
    ...wholeNumber('deviationsMax', deviationsMax, { orInfinity: true }),
  ]
  if (!SEARCH_MODES.includes(mode))
    problems.push({ field: 'mode', value: mode, message: `must be one of ${SEARCH_MODES.join(', ')}` })
  assertValid('check', problems)
  const isBounded = mode === 'sieve' || mode === 'exhaustive'
  const bounds = { seed, executions: isBounded ? executionsMax : executions }
  return new RestSearch(bounds, left => searcherIn(mode, setup, { left, depth, deviationsMax }))
}

/** What else bounds a search. */
interface Bounds {
  /** Executions. */
  readonly left: number
  readonly depth: number
  readonly deviationsMax: number
}

function searcherIn(
  mode: SearchMode,
  setup: ExecutionSetup,
  { left, depth, deviationsMax }: Bounds,
): Searcher {
  const { seed, faults } = setup
  switch (mode) {
    case 'random':
      return randomSearch(faults, seed, left)
    case 'pct':
      return new PctSearch(faults, { seed, executions: left, depth })
    case 'guided':
      return new GuidedSearch(faults, { seed, executions: left })
    case 'sieve':
      return new SieveSearch({ seed, executionsMax: left })
    case 'exhaustive':
      return new ExhaustiveSearch({
        seed,
        executionsMax: left,
        deviationsMax,
        states: 'told apart',
        independent: 'in one order',
        plannedOnly: new Set(FAULT_KINDS.filter(kind => faults[kind].isPlannedOnly)),
      })
  }
}
