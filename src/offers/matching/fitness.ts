import type { Quantities } from '../resources/quantities.js'

/** An agent as a fitness sees it, before the task is there. */
export interface FitnessInput {
  readonly need: Quantities
  /** What of the agent can still be had. */
  readonly free: Quantities
  /** What of it is in use. */
  readonly used: Quantities
}

/** How well a task suits an agent: from 0 to 1, more is better. */
export type Fitness = (input: FitnessInput) => number

/**
 * Part of the agent that would be in use, averaged over the resources that the task needs: full agents first, so that
 * others stay free for large tasks.
 *
 * @param names only these resources count; default: all that the task needs
 */
export function binPackFitness(names?: readonly string[]): Fitness {
  return input => average(usedParts(input, names))
}

/** The other way round: empty agents first. */
export function spreadFitness(names?: readonly string[]): Fitness {
  return input => 1 - average(usedParts(input, names))
}

/**
 * By resource, the part that would be in use.
 *
 * @internal
 */
export function usedParts(
  { need, free, used }: FitnessInput,
  names?: readonly string[],
): Readonly<Record<string, number>> {
  const parts: Record<string, number> = {}
  for (const name of names ?? Object.keys(need)) {
    const total = (free[name] ?? 0) + (used[name] ?? 0)
    if (total > 0) parts[name] = ((used[name] ?? 0) + (need[name] ?? 0)) / total
  }
  return parts
}

/**
 * The mean of the parts; 0 of none.
 *
 * @internal
 */
export function average(parts: Readonly<Record<string, number>>): number {
  const values = Object.values(parts)
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
