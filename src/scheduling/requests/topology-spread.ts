import type { FieldProblem } from '../../core/index.js'
import type { TopologySpread } from '../../core/internal.js'
import { wholeNumber } from '../../core/internal.js'
import { selectorProblems } from './task-affinity.js'

export function spreadProblems(spread: readonly TopologySpread[] = []): FieldProblem[] {
  return spread.flatMap((one, index) => {
    const field = `spread[${index}]`
    const { attribute, maxSkew = 1, minDomains = 1, whenUnsatisfiable = 'DoNotSchedule' } = one
    const problems = [
      ...wholeNumber(`${field}.maxSkew`, maxSkew, { min: 1 }),
      ...wholeNumber(`${field}.minDomains`, minDomains, { min: 1 }),
      ...selectorProblems(`${field}.labelSelector`, one.labelSelector),
    ]
    if (typeof attribute !== 'string' || attribute === '')
      problems.push({ field: `${field}.attribute`, value: attribute, message: 'must name an attribute' })
    if (whenUnsatisfiable !== 'DoNotSchedule' && whenUnsatisfiable !== 'ScheduleAnyway') {
      const message = 'must be DoNotSchedule or ScheduleAnyway'
      problems.push({ field: `${field}.whenUnsatisfiable`, value: whenUnsatisfiable, message })
    }
    return problems
  })
}
