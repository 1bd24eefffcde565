import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import type { Profile } from './plugin.js'

/** @throws InvalidError when two plugins have one name or a weight is invalid: not a finite number of at least 0 */
export function checkProfile(profile: Profile): void {
  const problems: FieldProblem[] = []
  const names = new Set<string>()
  const plugins = [
    ...profile.filters.map((plugin, index) => ({ field: `filters[${index}]`, name: plugin.name })),
    ...profile.scores.map(({ plugin }, index) => ({ field: `scores[${index}].plugin`, name: plugin.name })),
  ]
  for (const { field, name } of plugins) {
    if (names.has(name)) problems.push({ field: `${field}.name`, value: name, message: 'is given twice' })
    names.add(name)
  }
  for (const [index, { weight }] of profile.scores.entries()) {
    if (Number.isFinite(weight) && weight >= 0) continue
    problems.push({
      field: `scores[${index}].weight`,
      value: weight,
      message: 'must be a number of at least 0',
    })
  }
  if (problems.length > 0) throw new InvalidError(`profile ${profile.name}`, problems)
}
