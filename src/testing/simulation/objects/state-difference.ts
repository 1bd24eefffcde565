import type { FieldChange } from './field-changes.js'
import { fieldChanges, shortJson } from './field-changes.js'

/** One line of a state, understood. */
interface Item {
  /** Lines with one subject are about one thing. */
  readonly subject: string
  readonly content: unknown
}

interface Pair {
  readonly subject: string
  expected?: unknown
  actual?: unknown
}

const LINES_MAX = 12

/**
 * What is different between two states, in words: a line for each object that one of them lacks, and for each field
 * that differs. Undefined when they are equal.
 */
export function describeDifference(
  expected: readonly string[],
  actual: readonly string[],
): string | undefined {
  const missing = subtract(expected, actual).map(itemOf)
  const extra = subtract(actual, expected).map(itemOf)
  if (missing.length + extra.length === 0) return undefined
  const lines = pairs(missing, extra).flatMap(lineOf)
  const shown = lines.length > LINES_MAX ? lines.slice(0, LINES_MAX - 1) : lines
  if (shown.length < lines.length) shown.push(`… and ${lines.length - shown.length} more`)
  return shown.map(line => `  ${line}`).join('\n')
}

function pairs(missing: readonly Item[], extra: readonly Item[]): readonly Pair[] {
  const made: Pair[] = missing.map(({ subject, content }) => ({ subject, expected: content }))
  for (const { subject, content } of extra) {
    const open = made.find(pair => pair.subject === subject && !('actual' in pair))
    if (open === undefined) made.push({ subject, actual: content })
    else open.actual = content
  }
  return made
}

function lineOf(pair: Pair): readonly string[] {
  const { subject, expected, actual } = pair
  if (!('actual' in pair)) return [`${subject} is missing`]
  if (!('expected' in pair)) return [`${subject} should not be there`]
  return fieldChanges(expected, actual).map(change => `${subject}: ${changeText(change)}`)
}

function changeText({ field, before, after }: FieldChange): string {
  if (before === undefined) return `${field} is ${shortJson(after)}, and should not be there`
  if (after === undefined) return `${field} is missing, and should be ${shortJson(before)}`
  return `${field || 'it'} is ${shortJson(after)} instead of ${shortJson(before)}`
}

function itemOf(line: string): Item {
  const outside = /^outside (.+?): (.*)$/s.exec(line)
  if (outside !== null)
    return { subject: `outside, ${outside[1]}`, content: JSON.parse(outside[2] ?? 'null') as unknown }
  const { kind, name, ...content } = JSON.parse(line) as Readonly<Record<string, unknown>>
  const owner = ownerOf(content['owners'])
  const named =
    name === '*'
      ? `a ${kind as string}`
      : `${kind as string} ${Array.isArray(name) ? name.join('/') : (name as string)}`
  return { subject: `${named}${owner === undefined ? '' : ` of ${owner}`}`, content }
}

function ownerOf(owners: unknown): string | undefined {
  const [first] = (owners ?? []) as readonly (readonly unknown[])[]
  return first === undefined ? undefined : `${String(first[0])} ${String(first[1])}`
}

/** Of equal lines, as many as there are more of. */
function subtract(from: readonly string[], what: readonly string[]): string[] {
  const left = [...what]
  return from.filter(line => {
    const at = left.indexOf(line)
    if (at === -1) return true
    left.splice(at, 1)
    return false
  })
}
