import { InvalidError } from '../../core/index.js'
import type { Quantities } from './quantities.js'
import type { Resource, ResourceReservation, ResourceValue, Span } from './resource.js'
import { chunksOf, ResourceSet } from './resource-set.js'
import { ANY_ROLE } from './role-name.js'

/** Longest text that is read. */
const TEXT_LENGTH_MAX = 1_000_000

const ENTRY = /^\s*([^():;\s]+)\s*(?:\(\s*([^()]+?)\s*\))?\s*:\s*([^]*?)\s*$/
const DECIMAL = /^\d+(?:\.\d+)?$/

/**
 * Resources from Mesos' text (`cpus:4;mem(eng):8192;ports:[31000-32000];zones:{a, b}`, where a role is a static
 * reservation), from the JSON text of a list, from quantities, or from chunks.
 *
 * @throws InvalidError naming the chunk and what is wrong with it
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { resources } from 'keelson/offers'
 *
 * const agent = resources('cpus:4;mem:8192;ports:[31000-31003]')
 * const task = resources({ cpus: 0.1, mem: 0.1 })
 * assert.equal(agent.contains(task), true)
 * assert.equal(agent.minus(task).minus(task).quantities()['cpus'], 3.8)
 * assert.equal(agent.take({ cpus: 1, ports: 2 })?.toString(), 'cpus:1;ports:[31000-31001]')
 * ```
 */
export function resources(spec: string | Quantities | Iterable<Resource>): ResourceSet {
  if (spec instanceof ResourceSet) return spec
  if (typeof spec === 'string') return ResourceSet.ofChunks(chunksOf(parseText(spec)))
  if (isList(spec)) return ResourceSet.ofChunks(chunksOf(spec))
  return ResourceSet.ofChunks(
    chunksOf(Object.keys(spec).map(name => ({ name, value: spec[name] as number }))),
  )
}

function isList(spec: Quantities | Iterable<Resource>): spec is Iterable<Resource> {
  return typeof (spec as Partial<Iterable<Resource>>)[Symbol.iterator] === 'function'
}

function parseText(text: string): readonly Resource[] {
  if (text.length > TEXT_LENGTH_MAX) throw fault(text, `must have at most ${TEXT_LENGTH_MAX} characters`)
  if (text.trimStart().startsWith('[')) return parseList(text)
  return text
    .split(';')
    .filter(entry => entry.trim() !== '')
    .map(parseEntry)
}

function parseList(text: string): readonly Resource[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch (error) {
    throw fault(text, `must be the JSON of a list: ${String(error)}`)
  }
  if (!Array.isArray(list) || !list.every(isResourceShape))
    throw fault(text, 'must be a list of objects with a name and a value')
  return list as readonly Resource[]
}

function isResourceShape(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && typeof (entry as { name?: unknown }).name === 'string'
}

function parseEntry(entry: string): Resource {
  const match = ENTRY.exec(entry)
  if (match === null) throw fault(entry, 'must be name:value or name(role):value')
  const [, name = '', role, valueText = ''] = match
  const value = parseValue(entry, valueText)
  if (role === undefined || role === ANY_ROLE) return { name, value }
  const layer: ResourceReservation = { role, kind: 'static' }
  return { name, value, reservations: [layer] }
}

function parseValue(entry: string, text: string): ResourceValue {
  if (text.startsWith('[') && text.endsWith(']')) return items(text).map(item => parseSpan(entry, item))
  if (text.startsWith('{') && text.endsWith('}')) return items(text)
  if (!DECIMAL.test(text)) throw fault(entry, 'the value must be 1.5, [1-5, 8-9] or {a, b}')
  return Number(text)
}

function items(text: string): string[] {
  const inner = text.slice(1, -1).trim()
  return inner === '' ? [] : inner.split(',').map(item => item.trim())
}

function parseSpan(entry: string, item: string): Span {
  const [, first, last] = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(item) ?? []
  if (first === undefined) throw fault(entry, `${item} must be a range such as 31000-32000`)
  return [Number(first), Number(last ?? first)]
}

function fault(value: string, message: string): InvalidError {
  return new InvalidError('resources', [{ field: 'text', value, message }])
}
