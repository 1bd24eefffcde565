import type { FieldProblem } from '../errors.js'
import { isKeelsonError } from '../errors.js'
import type { Amount, IntOrPercent } from './int-or-percent.js'
import { parseIntOrPercent } from './int-or-percent.js'

/** How far a rolling update may stray from the desired count; absent sides are 25%. */
export interface RollingBounds {
  readonly maxSurge?: IntOrPercent
  readonly maxUnavailable?: IntOrPercent
}

/** What a side is when it is not given, in Kubernetes as here. */
export const ROLLING_BOUND_DEFAULT = '25%'

/**
 * What is wrong with the bounds, whatever the count: a side that cannot be read, more than all unavailable, or
 * nothing at all either way, so that nothing could ever move. Kubernetes refuses the same.
 *
 * @param at what the names of fields begin with
 * @param canGiveWay two shares of 0% are accepted, as one side becomes 1 when both come out as 0
 */
export function rollingBoundsProblems(
  bounds: RollingBounds,
  { at = '', canGiveWay = false }: { readonly at?: string; readonly canGiveWay?: boolean } = {},
): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  const read = (field: 'maxSurge' | 'maxUnavailable'): Amount | undefined => {
    try {
      return parseIntOrPercent(bounds[field] ?? ROLLING_BOUND_DEFAULT, `${at}${field}`)
    } catch (error) {
      if (!isKeelsonError(error, 'Invalid')) throw error
      problems.push(...error.details.problems)
      return undefined
    }
  }
  const surge = read('maxSurge')
  const unavailable = read('maxUnavailable')
  const refuse = (message: string): void => {
    problems.push({ field: `${at}maxUnavailable`, value: bounds.maxUnavailable, message })
  }
  if (unavailable?.kind === 'share' && unavailable.millionths > 1_000_000) refuse('must be at most 100%')
  const isZero = (amount: Amount | undefined): boolean =>
    (amount?.kind === 'count' && amount.count === 0) ||
    (amount?.kind === 'share' && amount.millionths === 0 && !canGiveWay)
  if (isZero(surge) && isZero(unavailable)) refuse('must be above 0 when maxSurge is 0, or nothing can move')
  return problems
}
