import { assertValid, wholeNumber } from '../../core/internal.js'
import type { AddOptions } from './work-queue-contract.js'

const PRIORITY_MAX = 1_000_000
const PRIORITIES = { min: -PRIORITY_MAX, max: PRIORITY_MAX }

/**
 * The priority that somebody asks for.
 *
 * @throws InvalidError when it is out of bounds
 */
export function priorityOf(options: AddOptions | undefined): number | undefined {
  const priority = options?.priority
  if (priority !== undefined && !isPriority(priority)) refuse(priority)
  return priority
}

function isPriority(value: number): boolean {
  // A whole number is known by its bits, without a step to floating point and back.
  return (value | 0) === value && value <= PRIORITY_MAX && value >= -PRIORITY_MAX
}

function refuse(priority: number): void {
  assertValid('queue', wholeNumber('priority', priority, PRIORITIES))
}
