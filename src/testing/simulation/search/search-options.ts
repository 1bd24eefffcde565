import { InvalidError } from '../../../core/index.js'
import type { ExecutionSetup } from '../run/execution.js'
import { ExhaustiveSearch } from './exhaustive-search.js'
import { randomSearch } from './random-search.js'
import type { Searcher } from './searcher.js'

/**
 * How executions are looked for:
 * - `random`: drawn, one for each seed.
 * - `exhaustive`: all there are, within the bounds.
 */
export type SearchMode = 'random' | 'exhaustive'

export const SEARCH_MODES: readonly SearchMode[] = ['random', 'exhaustive']

/** How much is looked at, and how. */
export interface SearchOptions {
  /** Default `random`. */
  readonly mode?: SearchMode
  /** How many executions are drawn at random, one for each seed. Default 300. */
  readonly executions?: number
  /** Where an exhaustive search gives up, incomplete. Default 100,000. */
  readonly executionsMax?: number
  /** In an exhaustive search, how many choices of one execution may differ from the undisturbed way. Default: all. */
  readonly deviationsMax?: number
  /** The first seed. Default 1. */
  readonly seed?: number
}

/** @throws InvalidError which names every option that cannot be understood */
export function searcherFor(setup: ExecutionSetup, options: SearchOptions): Searcher {
  const { mode = 'random', executions = 300, executionsMax = 100_000, deviationsMax } = options
  const { seed } = setup
  const problems = Object.entries({ executions, executionsMax, deviationsMax: deviationsMax ?? 0 })
    .filter(([, value]) => !Number.isSafeInteger(value) || value < 0)
    .map(([field, value]) => ({ field, value, message: 'must be a whole number ≥ 0' }))
  if (problems.length > 0) throw new InvalidError('check', problems)
  switch (mode) {
    case 'random':
      return randomSearch(setup.faults, seed, executions)
    case 'exhaustive':
      return new ExhaustiveSearch({
        seed,
        executionsMax,
        deviationsMax: deviationsMax ?? Number.POSITIVE_INFINITY,
        states: 'told apart',
      })
  }
}
