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
    return [...problems, ...targetProblems(`${field}.targets`, one)]
  })
}

function targetProblems(field: string, { targets, whenUnsatisfiable }: TopologySpread): FieldProblem[] {
  if (targets === undefined) return []
  const percents = Object.entries(targets)
  const isPercent = (value: number): boolean => Number.isFinite(value) && value >= 0 && value <= 100
  const problems = percents.flatMap(([value, percent]) =>
    isPercent(percent)
      ? []
      : [{ field: `${field}.${value}`, value: percent, message: 'must be a percentage from 0 to 100' }],
  )
  const sum = percents.reduce((total, [, percent]) => total + percent, 0)
  if (problems.length === 0 && sum > 100)
    problems.push({ field, value: sum, message: 'must be 100 percent in all at most' })
  if (whenUnsatisfiable === 'ScheduleAnyway') return problems
  const message = 'are preferences: set whenUnsatisfiable to ScheduleAnyway'
  return [...problems, { field, value: sum, message }]
}
