import type { IntOrPercent, PercentRounding } from '../core/internal.js'
import {
  assertValid,
  ROLLING_BOUND_DEFAULT,
  resolveIntOrPercent,
  rollingBoundsProblems,
  wholeNumber,
} from '../core/internal.js'

/**
 * How far a rollout may stray from the desired count.
 *
 * Percentages are of the *current* desired count: `maxSurge` rounds up and `maxUnavailable` rounds down.
 */
export interface BudgetSpec {
  /** Instances above the desired count. Default `'25%'`. */
  readonly maxSurge?: IntOrPercent
  /** Available instances that may be missing. At most 100%. Default `'25%'`. */
  readonly maxUnavailable?: IntOrPercent
  /**
   * Which side becomes 1 when both come out as 0, because then nothing could ever move. Default `'surge'`: one
   * extra instance rather than one too few. Use `'unavailable'` where two of a kind cannot exist at once.
   */
  readonly giveWay?: 'surge' | 'unavailable'
  /** PercentRounding of a `maxSurge` percentage. Default `'up'`. */
  readonly surgeRounding?: PercentRounding
  /** Whether instances that are still stopping count against the ceiling: safer, slower. Default false. */
  readonly countStopping?: boolean
}

/** A budget resolved for one desired count. `0 ≤ floor ≤ desired ≤ ceil`, and `floor < ceil` unless desired is 0. */
export interface Bounds {
  /** A plan never takes availability below this. */
  readonly floor: number
  /** A plan never grows the number of requested instances above this. */
  readonly ceil: number
}

/** Surge and unavailability as counts, and whether one of them had to give way. */
export interface ResolvedBudget extends Bounds {
  readonly surge: number
  readonly unavailable: number
  readonly gaveWay: boolean
}

/**
 * Resolves a budget: `floor = desired − unavailable`, `ceil = desired + surge`. Exact integer arithmetic.
 *
 * @throws InvalidError when a value cannot be read, `maxUnavailable` is above 100%, or both are a literal 0
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { resolveBudget } from 'keelson/rollout'
 *
 * const { floor, ceil } = resolveBudget({ maxSurge: '25%', maxUnavailable: '25%' }, 10)
 * assert.deepEqual([floor, ceil], [8, 13])
 * ```
 */
export function resolveBudget(spec: BudgetSpec, desired: number): ResolvedBudget {
  assertValid('budget', wholeNumber('desired', desired))
  const { maxSurge, maxUnavailable } = checkBudget(spec)
  if (desired === 0) return { floor: 0, ceil: 0, surge: 0, unavailable: 0, gaveWay: false }
  const rounding = spec.surgeRounding ?? 'up'
  let surge = resolveIntOrPercent(maxSurge, desired, { rounding, field: 'maxSurge' })
  let unavailable = resolveIntOrPercent(maxUnavailable, desired, {
    rounding: 'down',
    field: 'maxUnavailable',
  })
  unavailable = Math.min(unavailable, desired)
  const gaveWay = surge === 0 && unavailable === 0
  if (gaveWay) {
    if (spec.giveWay === 'unavailable') unavailable = 1
    else surge = 1
  }
  return { floor: desired - unavailable, ceil: desired + surge, surge, unavailable, gaveWay }
}

/** Checks a budget without a count, and fills in the defaults. @throws InvalidError as `resolveBudget` does */
export function checkBudget(spec: BudgetSpec): {
  readonly maxSurge: IntOrPercent
  readonly maxUnavailable: IntOrPercent
} {
  assertValid('budget', rollingBoundsProblems(spec, { canGiveWay: true }))
  const { maxSurge = ROLLING_BOUND_DEFAULT, maxUnavailable = ROLLING_BOUND_DEFAULT } = spec
  return { maxSurge, maxUnavailable }
}
