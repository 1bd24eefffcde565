import { compileConstraints } from '../constraints/constraints.js'
import type { FieldProblem } from '../errors.js'
import { readProblems } from '../read-problems.js'
import type { LabelSelectorObject } from '../selectors/label-selector.js'
import { labelSelectorFromObject } from '../selectors/label-selector.js'
import { wholeNumber } from '../whole-number.js'
import { compileNodeTerm } from './node-selector.js'
import type {
  DeviceRequest,
  NodePreference,
  NodeSelectorTerm,
  TaskAffinity,
  TopologySpread,
  VolumeClaim,
} from './placement-rules.js'

/** What a task says of where it may go, beside amounts and ports. */
export interface PlacementRules {
  readonly affinity?: readonly TaskAffinity[]
  readonly spread?: readonly TopologySpread[]
  readonly devices?: readonly DeviceRequest[]
  readonly volumes?: readonly VolumeClaim[]
}

/** Most devices of one kind, and most volumes, that one task may ask for. */
const PIECES_MAX = 1_000

const NOT_EMPTY = 'must be a text that is not empty'

/**
 * Faults of the rules, by the paths of their fields.
 *
 * @param at what the rules are a part of, with a dot at its end; empty for nothing
 * @param hasSiblings whether rules without a selector mean something
 */
export function placementProblems(
  { affinity = [], spread = [], devices = [], volumes = [] }: PlacementRules,
  at: string,
  hasSiblings: boolean,
): FieldProblem[] {
  return [
    ...affinity.flatMap((one, index) => affinityProblems(one, `${at}affinity[${index}]`, hasSiblings)),
    ...spread.flatMap((one, index) => spreadProblems(one, `${at}spread[${index}]`)),
    ...devices.flatMap((one, index) => deviceProblems(one, `${at}devices[${index}]`)),
    ...volumesProblems(volumes, `${at}volumes`),
  ]
}

function affinityProblems(
  { kind, attribute, labelSelector, weight }: TaskAffinity,
  at: string,
  hasSiblings: boolean,
): readonly FieldProblem[] {
  const problems = [...selectorProblems(`${at}.labelSelector`, labelSelector)]
  if (kind !== 'affinity' && kind !== 'antiAffinity')
    problems.push({ field: `${at}.kind`, value: kind, message: 'must be affinity or antiAffinity' })
  if (!isText(attribute))
    problems.push({ field: `${at}.attribute`, value: attribute, message: 'must name an attribute' })
  if (labelSelector === undefined && !hasSiblings) {
    const message = 'is needed by a task without a group: it has no siblings'
    problems.push({ field: `${at}.labelSelector`, value: labelSelector, message })
  }
  if (weight !== undefined) problems.push(...wholeNumber(`${at}.weight`, weight, { min: 1, max: 100 }))
  return problems
}

function spreadProblems(one: TopologySpread, at: string): readonly FieldProblem[] {
  const { attribute, maxSkew = 1, minDomains = 1, whenUnsatisfiable = 'DoNotSchedule' } = one
  const problems = [
    ...wholeNumber(`${at}.maxSkew`, maxSkew, { min: 1 }),
    ...wholeNumber(`${at}.minDomains`, minDomains, { min: 1 }),
    ...selectorProblems(`${at}.labelSelector`, one.labelSelector),
  ]
  if (!isText(attribute))
    problems.push({ field: `${at}.attribute`, value: attribute, message: 'must name an attribute' })
  if (whenUnsatisfiable !== 'DoNotSchedule' && whenUnsatisfiable !== 'ScheduleAnyway') {
    const message = 'must be DoNotSchedule or ScheduleAnyway'
    problems.push({ field: `${at}.whenUnsatisfiable`, value: whenUnsatisfiable, message })
  }
  return [...problems, ...targetProblems(`${at}.targets`, one), ...preferredProblems(one, at)]
}

/** Most attributes that one rule may be within. */
const LEVELS_MAX = 8

/** Faults of what only rules that prefer may say. */
function preferredProblems(
  { attribute, weight, within, whenUnsatisfiable }: TopologySpread,
  at: string,
): readonly FieldProblem[] {
  const problems = weight === undefined ? [] : wholeNumber(`${at}.weight`, weight, { min: 1, max: 100 })
  const names: readonly unknown[] = Array.isArray(within) ? within : []
  const isEachOnce = new Set(names.concat(attribute)).size === names.length + 1
  const isList = within === undefined || Array.isArray(within)
  if (!isList || names.length > LEVELS_MAX || !isEachOnce || !names.every(isText)) {
    const message = `must be a list of at most ${LEVELS_MAX} other attributes, each once`
    problems.push({ field: `${at}.within`, value: within, message })
  }
  if (whenUnsatisfiable === 'ScheduleAnyway') return problems
  const message = 'is for preferences: set whenUnsatisfiable to ScheduleAnyway'
  for (const [name, value] of Object.entries({ weight, within }))
    if (value !== undefined) problems.push({ field: `${at}.${name}`, value, message })
  return problems
}

function targetProblems(
  field: string,
  { targets, whenUnsatisfiable }: TopologySpread,
): readonly FieldProblem[] {
  if (targets === undefined) return []
  const isPercent = (value: number): boolean => Number.isFinite(value) && value >= 0 && value <= 100
  const problems = Object.entries(targets).flatMap(([value, percent]) =>
    isPercent(percent)
      ? []
      : [{ field: `${field}.${value}`, value: percent, message: 'must be a percentage from 0 to 100' }],
  )
  const sum = Object.values(targets).reduce((total, percent) => total + percent, 0)
  if (problems.length === 0 && sum > 100)
    problems.push({ field, value: sum, message: 'must be 100 percent in all at most' })
  if (whenUnsatisfiable === 'ScheduleAnyway') return problems
  const message = 'are preferences: set whenUnsatisfiable to ScheduleAnyway'
  return [...problems, { field, value: sum, message }]
}

function deviceProblems(
  { kind, count = 1, share = 1, constraints = [] }: DeviceRequest,
  at: string,
): readonly FieldProblem[] {
  const field = `${at}.constraints`
  const unreadable = constraints.flatMap((one, index) =>
    readProblems(`${field}[${index}]`, one, () => compileConstraints([one])),
  )
  const isOnSiblings = unreadable.length === 0 && compileConstraints(constraints).siblings.length > 0
  const message = 'must not be on siblings: a device has none'
  return [
    ...(isText(kind) ? [] : [{ field: `${at}.kind`, value: kind, message: NOT_EMPTY }]),
    ...wholeNumber(`${at}.count`, count, { min: 1, max: PIECES_MAX }),
    ...(isShare(share) ? [] : [{ field: `${at}.share`, value: share, message: NO_SHARE }]),
    ...unreadable,
    ...(isOnSiblings ? [{ field, value: constraints, message }] : []),
  ]
}

const NO_SHARE = 'must be from 0.001 to 1, with three decimals at most'

function isShare(share: number): boolean {
  return (
    typeof share === 'number' &&
    share >= 0.001 &&
    share <= 1 &&
    Math.abs(share * 1000 - Math.round(share * 1000)) < 1e-9
  )
}

const ACCESS: readonly string[] = ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany', 'ReadWriteMany']

function volumesProblems(claims: readonly VolumeClaim[], field: string): readonly FieldProblem[] {
  const tooMany = `must be at most ${PIECES_MAX}`
  if (claims.length > PIECES_MAX) return [{ field, value: claims.length, message: tooMany }]
  const seen = new Set<string>()
  return claims.flatMap(({ name, driver, topology = [], access = 'ReadWriteOnce' }, index) => {
    const at = `${field}[${index}]`
    const problems: FieldProblem[] = []
    if (!isText(name)) problems.push({ field: `${at}.name`, value: name, message: NOT_EMPTY })
    if (driver !== undefined && !isText(driver))
      problems.push({ field: `${at}.driver`, value: driver, message: NOT_EMPTY })
    if (seen.has(name)) problems.push({ field: `${at}.name`, value: name, message: 'is claimed twice' })
    seen.add(name)
    if (!ACCESS.includes(access)) {
      const message = `must be one of ${ACCESS.join(', ')}`
      problems.push({ field: `${at}.access`, value: access, message })
    }
    return [...problems, ...nodeTermProblems(topology, `${at}.topology`)]
  })
}

/** Faults of conditions on nodes, each for itself. */
function nodeTermProblems(terms: readonly NodeSelectorTerm[], at: string): readonly FieldProblem[] {
  return terms.flatMap((term, index) => readProblems(`${at}[${index}]`, term, () => compileNodeTerm(term)))
}

export function preferenceProblems(
  preferences: readonly NodePreference[],
  at: string,
): readonly FieldProblem[] {
  const weights = preferences.flatMap(({ weight }, index) =>
    wholeNumber(`${at}[${index}].weight`, weight, { min: -100, max: 100 }),
  )
  return [...weights, ...nodeTermProblems(preferences, at)]
}

function selectorProblems(field: string, selector: LabelSelectorObject | undefined): FieldProblem[] {
  return selector === undefined
    ? []
    : [...readProblems(field, selector, () => labelSelectorFromObject(selector))]
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
