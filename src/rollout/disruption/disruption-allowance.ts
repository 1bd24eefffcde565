import type { IntOrPercent } from '../../core/internal.js'
import { assertValid, resolveIntOrPercent, wholeNumber } from '../../core/internal.js'

/** The bounds of a budget; exactly one is given. */
export interface DisruptionBound {
  readonly minAvailable?: IntOrPercent
  readonly maxUnavailable?: IntOrPercent
}

/** What is there. */
export interface DisruptionCounts {
  /** Instances that are wanted. */
  readonly expected: number
  /** Of them, those that work and are not given away. May be more than `expected`. */
  readonly healthy: number
}

/** What may be taken away. */
export interface DisruptionAllowance {
  readonly desiredHealthy: number
  readonly disruptionsAllowed: number
}

/**
 * How many instances may be taken away on purpose. Kubernetes' numbers: `desired = ⌈minAvailable⌉`, or
 * `max(0, expected − ⌈maxUnavailable⌉)`; both percentages are of `expected` and round up. Allowed is
 * `max(0, healthy − desired)`, and nothing while nothing is expected.
 *
 * @throws InvalidError when there is not exactly one bound, it cannot be read, or `expected` is no whole number of at least 0
 */
export function disruptionAllowance(
  bound: DisruptionBound,
  { expected, healthy }: DisruptionCounts,
): DisruptionAllowance {
  const { minAvailable, maxUnavailable } = bound
  assertValid('disruption', [
    ...wholeNumber('expected', expected),
    ...((minAvailable === undefined) === (maxUnavailable === undefined)
      ? [{ field: '', value: bound, message: 'must have exactly one of minAvailable and maxUnavailable' }]
      : []),
  ])
  const of = (field: 'minAvailable' | 'maxUnavailable'): number =>
    resolveIntOrPercent(bound[field] ?? 0, expected, { rounding: 'up', field })
  const desiredHealthy =
    minAvailable === undefined ? Math.max(0, expected - of('maxUnavailable')) : of('minAvailable')
  const disruptionsAllowed = expected === 0 ? 0 : Math.max(0, healthy - desiredHealthy)
  return { desiredHealthy, disruptionsAllowed }
}
