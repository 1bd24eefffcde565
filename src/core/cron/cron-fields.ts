import type { FieldProblem } from '../errors.js'

/** One of the five fields of a cron expression. */
interface FieldRule {
  readonly field: string
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
  /** The largest that `H` picks: every month has 28 days. Default `max`. */
  readonly hashMax?: number
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const FIELDS: readonly FieldRule[] = [
  { field: 'minute', min: 0, max: 59 },
  { field: 'hour', min: 0, max: 23 },
  { field: 'day of the month', min: 1, max: 31, hashMax: 28 },
  { field: 'month', min: 1, max: 12, names: MONTHS },
  { field: 'day of the week', min: 0, max: 7, names: WEEKDAYS, hashMax: 6 },
]

const WORDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const RANGE = /^(\*|\?|h|h\((\w+)-(\w+)\)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/

/** What a cron expression allows; index is the value. */
export interface CronFields {
  readonly minutes: readonly boolean[]
  readonly hours: readonly boolean[]
  /** 1 to 31. */
  readonly days: readonly boolean[]
  /** 1 to 12. */
  readonly months: readonly boolean[]
  /** 0 is Sunday. */
  readonly weekdays: readonly boolean[]
  /** A day must be in both when one of them is `*`, and in either otherwise. */
  readonly isEitherDay: boolean
  /** Minute or hour begin with `*`: runs go by what the clock shows, and not once a day. */
  readonly isWild: boolean
}

/** The fields of an expression, or why it cannot be read. */
export type CronParse =
  | { readonly fields: CronFields; readonly problems?: undefined }
  | { readonly problems: readonly FieldProblem[] }

/**
 * Reads five fields, names, lists, ranges and steps, `@` words, and `H`.
 *
 * @param field what problems are told of
 * @param pick for `H`: a whole number from 0 to `below` − 1, the same for the same job and `of`
 */
export function parseCron(
  text: string,
  field: string,
  pick: (of: string, below: number) => number,
): CronParse {
  const problem = (message: string): CronParse => ({ problems: [{ field, value: text, message }] })
  const lower = text.trim().toLowerCase()
  const expression = lower.startsWith('@') ? WORDS[lower] : lower
  if (expression === undefined)
    return problem(`is no word of cron; the words are ${Object.keys(WORDS).join(', ')}`)
  if (/^(cron_)?tz=/.test(expression))
    return problem('must not begin with a time zone: that is the field timeZone')
  const parts = expression.split(/\s+/)
  if (parts.length !== FIELDS.length)
    return problem('must have five fields: minute, hour, day of the month, month, day of the week')
  const sets: boolean[][] = []
  for (const [index, rule] of FIELDS.entries()) {
    const set = readField(parts[index] ?? '', rule, pick)
    if (typeof set === 'string') return problem(`${rule.field} ${set}`)
    sets.push(set)
  }
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = sets
  if (weekdays[7] === true) weekdays[0] = true
  const isAny = (at: number): boolean => parts[at] === '*' || parts[at] === '?'
  const fields: CronFields = {
    minutes,
    hours,
    days,
    months,
    weekdays: weekdays.slice(0, 7),
    isEitherDay: !isAny(2) && !isAny(4),
    isWild: parts[0]?.startsWith('*') === true || parts[1]?.startsWith('*') === true,
  }
  return { fields }
}

function readField(
  part: string,
  rule: FieldRule,
  pick: (of: string, below: number) => number,
): boolean[] | string {
  const set = Array.from({ length: rule.max + 1 }, () => false)
  for (const item of part.split(',')) {
    const range = readRange(item, rule, pick)
    if (typeof range === 'string') return range
    for (let value = range.from; value <= range.to; value += range.step) set[value] = true
  }
  return set
}

interface CronRange {
  readonly from: number
  readonly to: number
  readonly step: number
}

function readRange(
  item: string,
  rule: FieldRule,
  pick: (of: string, below: number) => number,
): CronRange | string {
  const [, whole, hashFrom, hashTo, first, last, stepText] = RANGE.exec(item) ?? []
  if (whole === undefined) return `cannot be read: ${JSON.stringify(item)}`
  const step = stepText === undefined ? 1 : Number(stepText)
  if (step < 1 || step > rule.max)
    return `has a step that is not from 1 to ${rule.max}: ${JSON.stringify(item)}`
  const top = rule.field === 'day of the week' ? 6 : rule.max
  if (whole === '*' || whole === '?') return { from: rule.min, to: top, step }
  if (whole.startsWith('h') && first === undefined)
    return hashed(
      item,
      rule,
      { from: hashFrom, to: hashTo, step: stepText === undefined ? undefined : step },
      pick,
    )
  if (first === 'h') return hashed(item, rule, { from: undefined, to: undefined, step: undefined }, pick)
  const from = valueOf(first, rule)
  const to = last === undefined ? (stepText === undefined ? from : top) : valueOf(last, rule)
  if (from === undefined || to === undefined)
    return `must be from ${rule.min} to ${rule.max}${rule.names === undefined ? '' : ', or a name'}: ${JSON.stringify(item)}`
  const end = rule.max === 7 && to === 0 && from > 0 ? 7 : to
  return from <= end
    ? { from, to: end, step }
    : `has a range that ends before it begins: ${JSON.stringify(item)}`
}

/** `H`, `H/15`, `H(0-29)`, `H(0-29)/10`: one value, or one of each step, that the job's hash picks. */
function hashed(
  item: string,
  rule: FieldRule,
  range: {
    readonly from: string | undefined
    readonly to: string | undefined
    readonly step: number | undefined
  },
  pick: (of: string, below: number) => number,
): CronRange | string {
  const from = range.from === undefined ? rule.min : valueOf(range.from, rule)
  const to = range.to === undefined ? (rule.hashMax ?? rule.max) : valueOf(range.to, rule)
  if (from === undefined || to === undefined || from > to)
    return `has a range for H that is not within ${rule.min} to ${rule.max}: ${JSON.stringify(item)}`
  const { step } = range
  if (step === undefined) {
    const value = from + pick(rule.field, to - from + 1)
    return { from: value, to: value, step: 1 }
  }
  return { from: from + pick(rule.field, Math.min(step, to - from + 1)), to, step }
}

function valueOf(text: string | undefined, { min, max, names = [] }: FieldRule): number | undefined {
  if (text === undefined) return undefined
  const named = names.indexOf(text)
  const value = named === -1 ? (/^\d{1,2}$/.test(text) ? Number(text) : Number.NaN) : named + min
  return value >= min && value <= max ? value : undefined
}
