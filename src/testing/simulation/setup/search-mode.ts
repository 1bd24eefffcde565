/**
 * How executions are looked for:
 * - `random`: drawn, one for each seed.
 * - `pct`: drawn too, by priorities: whoever is slow is slow for long, and few changes of who is slow are tried.
 * - `guided`: drawn at first, then varied from those that showed something new.
 * - `sieve`: planned: undisturbed ones show which writes there are, the others have one fault before one of them.
 * - `exhaustive`: all there are, within the bounds.
 */
export type SearchMode = 'random' | 'pct' | 'guided' | 'sieve' | 'exhaustive'

export const SEARCH_MODES: readonly SearchMode[] = ['random', 'pct', 'guided', 'sieve', 'exhaustive']
