import { assertValid, wholeNumber } from '../../../core/internal.js'
import type { ExecutionSetup } from '../setup/execution-setup.js'
import type { SearchMode } from '../setup/search-mode.js'
import { SEARCH_MODES } from '../setup/search-mode.js'
import { ExhaustiveSearch } from './exhaustive-search.js'
import { GuidedSearch } from './guided-search.js'
import { PctSearch } from './pct-search.js'
import { randomSearch } from './random-search.js'
import type { Searcher } from './searcher.js'
import { SieveSearch } from './sieve-search.js'

/** How much is looked at, and how. */
export interface SearchOptions {
  /** Default `random`. */
  readonly mode?: SearchMode
  /** How many executions are drawn (`random`, `pct`, `guided`), one for each seed. Default 300. */
  readonly executions?: number
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
  switch (mode) {
    case 'random':
      return randomSearch(setup.faults, seed, executions)
    case 'pct':
      return new PctSearch(setup.faults, { seed, executions, depth })
    case 'guided':
      return new GuidedSearch(setup.faults, { seed, executions })
    case 'sieve':
      return new SieveSearch({ seed, executionsMax })
    case 'exhaustive':
      return new ExhaustiveSearch({
        seed,
        executionsMax,
        deviationsMax,
        states: 'told apart',
      })
  }
}
