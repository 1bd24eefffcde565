import { InvalidError } from '../../src/core/index.js'
import type { IntOrPercent } from '../../src/core/internal.js'
import { resolveIntOrPercent } from '../../src/core/internal.js'

/** The two bounds of a rolling update, before they are clamped to the desired count. */
export interface Fenceposts {
  readonly surge: number
  readonly unavailable: number
}

/** Resolves both bounds together: 0 and 0 become 0 and 1. @throws InvalidError unless each is an int or `digits%` */
export function fenceposts(
  maxSurge: IntOrPercent,
  maxUnavailable: IntOrPercent,
  desired: number,
): Fenceposts {
  strict(maxSurge, 'maxSurge')
  strict(maxUnavailable, 'maxUnavailable')
  const surge = resolveIntOrPercent(maxSurge, desired, { rounding: 'up', field: 'maxSurge' })
  const unavailable = resolveIntOrPercent(maxUnavailable, desired, {
    rounding: 'down',
    field: 'maxUnavailable',
  })
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

/** The unavailability bound as the controller uses it: at most the desired count. */
export function k8sMaxUnavailable(
  maxSurge: IntOrPercent,
  maxUnavailable: IntOrPercent,
  desired: number,
): number {
  return desired === 0 ? 0 : Math.min(desired, fenceposts(maxSurge, maxUnavailable, desired).unavailable)
}

function strict(value: IntOrPercent, field: string): void {
  if (typeof value === 'number' || /^\d+%$/.test(value)) return
  throw new InvalidError('strategy', [
    { field, value, message: 'must be an integer or a whole percentage such as "25%"' },
  ])
}
