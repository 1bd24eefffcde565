import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import type { Profile } from './plugin.js'

/** Sums in units stay safe integers. */
const WEIGHTS_MAX = 1_000_000

/** @throws InvalidError when two plugins have one name or a weight is invalid: not a finite number of at least 0 */
export function checkProfile(profile: Profile): void {
  // A call without types may give a name.
  const { filters, scores } = (profile as Partial<Profile> | null) ?? {}
  if (!Array.isArray(filters) || !Array.isArray(scores)) {
    const message = 'must be a profile, such as packProfile()'
    throw new InvalidError('scheduler', [{ field: 'profile', value: profile, message }])
  }
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
  const sum = profile.scores.reduce((total, { weight }) => total + weight, 0)
  if (sum > WEIGHTS_MAX) {
    const message = `must have weights of at most ${WEIGHTS_MAX} in all`
    problems.push({ field: 'scores', value: sum, message })
  }
  const combines = ['sum', 'mean', 'lexicographic']
  if (profile.combine !== undefined && !combines.includes(profile.combine))
    problems.push({
      field: 'combine',
      value: profile.combine,
      message: `must be one of ${combines.join(', ')}`,
    })
  if (problems.length > 0) throw new InvalidError(`profile ${profile.name}`, problems)
}
