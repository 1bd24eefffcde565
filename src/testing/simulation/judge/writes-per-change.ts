import { assertValid, wholeNumber } from '../../../core/internal.js'
import { isFault } from '../actions/action.js'
import { isOfProcess } from '../world/action-of.js'
import type { Invariant, Scope } from './invariant.js'

/**
 * The code under test writes at most `max` times for each change that comes from outside: from the user, from a
 * fault, from the garbage collector, from the start of a process. Changes that come before the writes for an earlier
 * one are over add up.
 *
 * @throws InvalidError unless `max` is a whole number ≥ 0
 */
export function writesPerChange(max: number, scope: Scope = {}): Invariant {
  assertValid('writesPerChange', wholeNumber('max', max))
  const begin: Invariant['begin'] = () => {
    let changes = 0
    let writes = 0
    return {
      step: ({ step, changes: changed }) => {
        const isOwn = isOfProcess(step) && !isFault(step)
        if (!isOwn && (changed.length > 0 || isFault(step) || step.kind === 'start')) changes++
        if (isOwn && changed.length > 0) writes++
        if (writes <= max * changes) return undefined
        return `${writes} writes for ${changes} changes from outside, above ${max} each`
      },
      rest: () => {
        changes = 0
        writes = 0
        return undefined
      },
    }
  }
  return { name: 'writesPerChange', ...scope, begin }
}
