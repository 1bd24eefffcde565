import type { Random } from '../../core/index.js'
import type { SchemaNode } from './schema-node.js'
import {
  alternativesOf,
  itemNode,
  listOf,
  numberIn,
  propertiesOf,
  propertyNode,
  requiredOf,
  resolve,
  typeOf,
} from './schema-node.js'

/** Numbers and lengths are at most this far above their minimum: a replica count should stay one. */
const SPAN_MAX = 4
const DEPTH_MAX = 6

/**
 * A value that the node allows, small, and drawn from `random`. Best effort: what a pattern, a format or conditions
 * between fields ask for may be missed, so whoever uses a sample lets the store judge it.
 */
export function sampleValue(node: SchemaNode, random: Random, depth = 0): unknown {
  const { schema } = node
  if ('const' in schema) return schema['const']
  const given = [...listOf(schema['enum']), ...listOf(schema['examples'])]
  if (given.length > 0) return pick(given, random)
  if ('default' in schema && random.next() < 0.5) return schema['default']
  const alternatives = alternativesOf(node)
  if (alternatives.length > 0) return sampleValue(pick(alternatives, random), random, depth)
  switch (typeOf(node)) {
    case 'boolean':
      return random.next() < 0.5
    case 'integer':
    case 'number':
      return sampleNumber(node, random)
    case 'string':
      return sampleText(node, random)
    case 'array':
      return sampleList(node, random, depth)
    case 'object':
      return sampleObject(node, random, depth)
    case 'null':
      return null
    default:
      return pick([0, 1, 'a', true, {}], random)
  }
}

/** The bounds within which numbers of a node are drawn. */
export function boundsOf(node: SchemaNode): { readonly least: number; readonly most: number } {
  const above = numberIn(node, 'exclusiveMinimum')
  const step = numberIn(node, 'multipleOf') ?? 1
  const least = numberIn(node, 'minimum') ?? (above === undefined ? 0 : above + step)
  const below = numberIn(node, 'exclusiveMaximum')
  const most = numberIn(node, 'maximum') ?? (below === undefined ? Number.POSITIVE_INFINITY : below - step)
  return { least, most: Math.max(least, Math.min(most, least + SPAN_MAX * step)) }
}

function sampleNumber(node: SchemaNode, random: Random): number {
  const { least, most } = boundsOf(node)
  const step = numberIn(node, 'multipleOf') ?? 1
  const first = Math.ceil(least / step) * step
  return first + Math.floor(random.next() * (Math.floor((most - first) / step) + 1)) * step
}

const LETTERS = 'abcdefghij'

function sampleText(node: SchemaNode, random: Random): string {
  const { schema } = node
  if (typeof schema['pattern'] === 'string') return textLike(schema['pattern'], random)
  if (schema['format'] === 'date-time') return '2026-01-01T00:00:00.000Z'
  const least = numberIn(node, 'minLength') ?? 1
  const length = Math.min(Math.max(1, least), numberIn(node, 'maxLength') ?? Number.POSITIVE_INFINITY)
  return Array.from({ length }, () => LETTERS[Math.floor(random.next() * LETTERS.length)] ?? 'a').join('')
}

/** One of a few common sorts of text that fits the pattern, or the first if none does. */
function textLike(pattern: string, random: Random): string {
  const number = String(Math.floor(random.next() * 5))
  const letter = LETTERS[Math.floor(random.next() * LETTERS.length)] ?? 'a'
  const candidates = [
    letter,
    number,
    `${number}%`,
    `${letter}-${number}`,
    `${number}s`,
    `${number}Mi`,
    `10.0.0.${number}`,
    `/${letter}`,
  ]
  const shape = new RegExp(pattern, 'u')
  return candidates.find(text => shape.test(text)) ?? letter
}

function sampleList(node: SchemaNode, random: Random, depth: number): readonly unknown[] {
  const least = numberIn(node, 'minItems') ?? 0
  const most = Math.min(numberIn(node, 'maxItems') ?? Number.POSITIVE_INFINITY, least + 2)
  const length = depth >= DEPTH_MAX ? least : least + Math.floor(random.next() * (most - least + 1))
  return Array.from({ length }, (_, index) => {
    const item = itemNode(node, index)
    return item === undefined ? index : sampleValue(item, random, depth + 1)
  })
}

function sampleObject(node: SchemaNode, random: Random, depth: number): Readonly<Record<string, unknown>> {
  const properties = Object.keys(propertiesOf(node))
  const required = new Set(requiredOf(node))
  const names = [
    ...required,
    ...properties.filter(name => !required.has(name) && depth < DEPTH_MAX && random.next() < 0.5),
  ]
  const made: Record<string, unknown> = {}
  for (const name of names)
    made[name] = sampleValue(propertyNode(node, name) ?? resolve(node.root, {}), random, depth + 1)
  return made
}

export function pick<T>(values: readonly T[], random: Random): T {
  return values[Math.floor(random.next() * values.length)] as T
}
