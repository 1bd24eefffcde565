import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'
import type { FieldNode } from './field-text.js'
import { fieldTree, formatFields, parseFields } from './field-text.js'
import { fieldElement, fieldNameOf, itemElement, setElement } from './members.js'

/** Deeper nesting is refused. */
const FIELDS_V1_DEPTH_MAX = 100
const KEYS = /("(?:[^"\\]|\\.)*"|[A-Za-z_][\w-]*)=("(?:[^"\\]|\\.)*"|[^,\]]*)/g

/**
 * The `fields` of an entry of `metadata.managedFields`, as Kubernetes writes them: `f:` before the name of a field,
 * `k:` before the keys of an item, `v:` before a value of a set, and `.` for what is owned besides what is in it.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { formatFieldsV1, parseFieldsV1 } from 'keelson/store'
 *
 * const fields = 'spec{image ports{[name="web"]+{name port}}}'
 * const fieldsV1 = formatFieldsV1(fields)
 * assert.deepEqual(fieldsV1, {
 *   'f:spec': { 'f:image': {}, 'f:ports': { 'k:{"name":"web"}': { '.': {}, 'f:name': {}, 'f:port': {} } } },
 * })
 * assert.equal(parseFieldsV1(fieldsV1), fields)
 * ```
 */
export function formatFieldsV1(fields: string): Readonly<Record<string, unknown>> {
  return write(fieldTree(parseFields(fields)))
}

function write({ own, below }: FieldNode): Readonly<Record<string, unknown>> {
  const members = Array.from(below, ([element, node]) => [nameOf(element), write(node)] as const)
  return Object.fromEntries(own && members.length > 0 ? [['.', {}], ...members] : members)
}

function nameOf(element: string): string {
  const field = fieldNameOf(element)
  if (field !== undefined) return `f:${field}`
  const inside = element.slice(1, -1)
  if (inside.startsWith('=')) return `v:${inside.slice(1)}`
  if (/^\d+$/.test(inside)) return `i:${inside}`
  const pairs = Array.from(inside.matchAll(KEYS), ([, key = '', value]): string => {
    const name = key.startsWith('"') ? key : JSON.stringify(key)
    return `${name}:${value}`
  })
  return `k:{${pairs.join(',')}}`
}

/**
 * The text that `metadata.managedFields` has for what Kubernetes wrote.
 *
 * @throws InvalidError naming what is no set of fields
 */
export function parseFieldsV1(fieldsV1: unknown): string {
  const fields = new Set<string>()
  collect(fieldsV1, { path: '', names: [] }, fields)
  return formatFields(fields)
}

interface Place {
  readonly path: string
  readonly names: readonly string[]
}

function collect(value: unknown, { path, names }: Place, into: Set<string>): void {
  if (!isRecord(value) || names.length > FIELDS_V1_DEPTH_MAX) throw invalid(names, value, 'must be an object')
  const members = Object.keys(value)
  if (path !== '' && (members.length === 0 || members.includes('.'))) into.add(path)
  for (const name of members) {
    if (name === '.') continue
    const element = elementOf(name)
    const place = { path: `${path}${element}`, names: [...names, name] }
    if (element === undefined)
      throw invalid(place.names, value[name], 'must be ., f:name, k:{keys}, v:value or i:index')
    collect(value[name], place, into)
  }
}

function elementOf(name: string): string | undefined {
  const rest = name.slice(2)
  if (name.startsWith('f:')) return fieldElement(rest)
  if (name.startsWith('i:')) return /^\d+$/.test(rest) ? `[${rest}]` : undefined
  const value = jsonOf(rest)
  if (name.startsWith('v:')) return setElement(value)
  if (!name.startsWith('k:') || !isRecord(value)) return undefined
  const keys = Object.keys(value).sort()
  return keys.length === 0 ? undefined : itemElement(value, { keys })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function invalid(names: readonly string[], value: unknown, message: string): InvalidError {
  const problem: FieldProblem = { field: ['fieldsV1', ...names].join(' '), value, message }
  return new InvalidError('fieldsV1', [problem])
}
