import type { Random } from '../../core/index.js'
import { deepEqual } from '../../core/internal.js'
import type { SpecEdit } from '../simulation/objects/spec-edits.js'
import { boundsOf, sampleValue } from './sample-value.js'
import type { SchemaNode } from './schema-node.js'
import {
  alternativesOf,
  itemNode,
  listOf,
  numberIn,
  propertiesOf,
  propertyNode,
  requiredOf,
  typeOf,
} from './schema-node.js'

const DEPTH_MAX = 6

/** A value in a spec, what the schema says of it, and how to put another in its place. */
interface Place {
  readonly path: string
  readonly node: SchemaNode
  readonly value: unknown
  readonly put: (value: unknown) => unknown
  /** The whole spec without it; undefined where it is required. */
  readonly without: (() => unknown) | undefined
}

/**
 * Specs that are one change away: numbers up, down, to their least, and doubled; flags turned; another of the values
 * of an `enum`; another alternative; optional fields, items and keys of maps added and taken away; lists reversed.
 * What is added is drawn from `random`. Some may be refused by the store.
 */
export function specTransitions(node: SchemaNode, spec: unknown, random: Random): readonly SpecEdit[] {
  const edits: SpecEdit[] = []
  const add = (label: string, changed: unknown): void => {
    if (!deepEqual(changed, spec)) edits.push({ label, spec: changed })
  }
  let level: readonly Place[] = [{ path: 'spec', node, value: spec, put: value => value, without: undefined }]
  for (let depth = 0; depth < DEPTH_MAX && level.length > 0; depth++) {
    for (const place of level) {
      if (place.without !== undefined) add(`without ${place.path}`, place.without())
      for (const other of othersOf(place, random))
        add(`${place.path} = ${JSON.stringify(other)}`, place.put(other))
    }
    level = level.flatMap(placesIn)
  }
  return edits
}

function othersOf({ node, value }: Place, random: Random): readonly unknown[] {
  const { schema } = node
  const given = listOf(schema['enum'])
  if (given.length > 0) return given.filter(other => !deepEqual(other, value))
  const others = alternativesOf(node).map(alternative => sampleValue(alternative, random))
  if (typeof value === 'boolean') return [...others, !value]
  if (typeof value === 'number') return [...others, ...otherNumbers(node, value)]
  if (typeof value === 'string')
    return typeOf(node) === 'string' ? [...others, sampleValue(node, random)] : others
  if (Array.isArray(value)) return [...others, ...otherLists(node, value, random)]
  if (typeof value === 'object' && value !== null) return [...others, ...otherObjects(node, value, random)]
  return others
}

function otherNumbers(node: SchemaNode, value: number): readonly number[] {
  const { least, most } = boundsOf(node)
  const step = numberIn(node, 'multipleOf') ?? 1
  const wanted = [value + step, value - step, least, value * 2].filter(other => other >= least)
  return [...new Set(wanted.map(other => (other > most && other > value ? Math.max(most, value) : other)))]
}

function otherLists(
  node: SchemaNode,
  value: readonly unknown[],
  random: Random,
): readonly (readonly unknown[])[] {
  const item = itemNode(node, value.length)
  return [
    value.slice(0, -1),
    [...value].reverse(),
    ...(item === undefined ? [] : [[...value, sampleValue(item, random)]]),
  ]
}

/** With a field more. */
function otherObjects(node: SchemaNode, value: object, random: Random): readonly object[] {
  const names = Object.keys(propertiesOf(node)).filter(name => !Object.hasOwn(value, name))
  if (Object.keys(propertiesOf(node)).length === 0) names.push(`key-${Object.keys(value).length + 1}`)
  return names.flatMap(name => {
    const property = propertyNode(node, name)
    return property === undefined ? [] : [{ ...value, [name]: sampleValue(property, random) }]
  })
}

function placesIn({ path, node, value, put }: Place): readonly Place[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => {
      const found = itemNode(node, index)
      if (found === undefined) return []
      const replaced = (other: unknown): unknown => put(value.map((old, at) => (at === index ? other : old)))
      return [{ path: `${path}[${index}]`, node: found, value: item, put: replaced, without: undefined }]
    })
  if (typeof value !== 'object' || value === null) return []
  const required = requiredOf(node)
  return Object.entries(value).flatMap(([name, field]) => {
    const found = propertyNode(node, name)
    if (found === undefined) return []
    const { [name]: _left, ...others } = value as Record<string, unknown>
    const without = required.includes(name) ? undefined : (): unknown => put(others)
    const replaced = (other: unknown): unknown => put({ ...value, [name]: other })
    return [{ path: `${path}.${name}`, node: found, value: field, put: replaced, without }]
  })
}
