import type { PortRange, PortRanges } from '../resources/port-ranges.js'
import { formatPortRanges, parsePortRanges, portRangesOf } from '../resources/port-ranges.js'
import { formatScalar } from '../resources/resource-units.js'

/** What a node says of itself under one name: text, a number, a set of texts, or ranges of numbers. */
export type AttributeValue = string | number | readonly string[] | PortRanges

/** Attributes of a node by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>

const ANY_RANGE = { max: Number.MAX_SAFE_INTEGER } as const

/** The value under a name, or undefined when the node has none. */
export function attributeOf(attributes: Attributes, name: string): AttributeValue | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined
}

/**
 * The text by which values are compared: a number with at most three decimals (halves to even), a set sorted
 * as `{a,b}`, ranges as `[1-3,8]`.
 */
export function attributeText(value: AttributeValue): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return formatScalar(value) ?? String(value)
  return isRanges(value) ? `[${formatPortRanges(portRangesOf(value, ANY_RANGE))}]` : setText(value)
}

/** The members of a set; text is split at commas and trimmed. */
export function attributeMembers(value: AttributeValue): readonly string[] {
  if (typeof value !== 'string' && typeof value !== 'number' && !isRanges(value)) return value
  return attributeText(value)
    .split(',')
    .map(member => member.trim())
}

/** Text in one form per meaning: `0.80` and `0.8`, `{b,a}` and `{a,b}`, `[4-6,1-3]` and `[1-6]` are equal. */
export function canonicalAttributeText(text: string): string {
  if (text.startsWith('{') && text.endsWith('}')) {
    return setText(
      text
        .slice(1, -1)
        .split(',')
        .map(member => member.trim()),
    )
  }
  if (/^\[[0-9, -]*\]$/.test(text)) {
    try {
      return attributeText(parsePortRanges(text, ANY_RANGE))
    } catch {
      return text
    }
  }
  return formatScalar(text) ?? text
}

function isRanges(value: readonly string[] | PortRanges): value is readonly PortRange[] {
  return typeof value[0] === 'object'
}

function setText(members: readonly string[]): string {
  return `{${[...new Set(members)].sort().join(',')}}`
}
