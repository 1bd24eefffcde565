import { isRecord } from '../../core/internal.js'
import type { JsonSchema, Kind } from '../../store/index.js'

/** A JSON Schema that holds for one place of a value, with its references resolved. */
export interface SchemaNode {
  readonly root: JsonSchema
  readonly schema: JsonSchema
}

const REFERENCES_MAX = 32

/** What a kind says of its spec; undefined where it has no JSON Schema. */
export function specNode({ schema }: Kind): SchemaNode | undefined {
  if (schema === undefined || '~standard' in schema) return undefined
  const root = schema as JsonSchema
  const spec = propertiesOf({ root, schema: root })['spec']
  return spec === undefined ? undefined : resolve(root, spec)
}

/** The same node with local references followed and `allOf` folded in. */
export function resolve(root: JsonSchema, schema: unknown): SchemaNode {
  let found = isRecord(schema) ? schema : {}
  for (let step = 0; step < REFERENCES_MAX && typeof found['$ref'] === 'string'; step++) {
    const { $ref, ...beside } = found
    found = { ...target(root, $ref as string), ...beside }
  }
  const parts = listOf(found['allOf'])
  if (parts.length === 0) return { root, schema: found }
  const folded = parts.map(part => resolve(root, part).schema).reduce(merge, withoutKey(found, 'allOf'))
  return { root, schema: folded }
}

/** The node of a property; undefined where none is allowed. */
export function propertyNode(node: SchemaNode, name: string): SchemaNode | undefined {
  const declared = propertiesOf(node)[name]
  if (declared !== undefined) return resolve(node.root, declared)
  for (const [pattern, schema] of Object.entries(schemasIn(node.schema['patternProperties'])))
    if (new RegExp(pattern, 'u').test(name)) return resolve(node.root, schema)
  const { additionalProperties } = node.schema
  return isRecord(additionalProperties) ? resolve(node.root, additionalProperties) : undefined
}

/** The node of the item at an index; undefined where the schema says nothing. */
export function itemNode({ root, schema }: SchemaNode, index: number): SchemaNode | undefined {
  const item = listOf(schema['prefixItems'])[index] ?? schema['items']
  return isRecord(item) ? resolve(root, item) : undefined
}

/** What `anyOf` or `oneOf` leave to choose from, each with what is beside them; none without either. */
export function alternativesOf({ root, schema }: SchemaNode): readonly SchemaNode[] {
  const key = ['oneOf', 'anyOf'].find(name => listOf(schema[name]).length > 0)
  if (key === undefined) return []
  const beside = withoutKey(schema, key)
  return listOf(schema[key]).map(part => ({ root, schema: merge(beside, resolve(root, part).schema) }))
}

export function propertiesOf({ schema }: SchemaNode): Readonly<Record<string, unknown>> {
  return schemasIn(schema['properties'])
}

export function requiredOf({ schema }: SchemaNode): readonly string[] {
  return listOf(schema['required']).filter(name => typeof name === 'string')
}

/** What the node says is its type, or what its other words lead to. */
export function typeOf({ schema }: SchemaNode): string | undefined {
  const { type } = schema
  if (typeof type === 'string') return type
  const [first] = listOf(type)
  if (typeof first === 'string') return first
  if (schema['properties'] !== undefined || schema['required'] !== undefined) return 'object'
  return schema['items'] === undefined ? undefined : 'array'
}

/** A number under a key. */
export function numberIn({ schema }: SchemaNode, key: string): number | undefined {
  const value = schema[key]
  return typeof value === 'number' ? value : undefined
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function merge(one: JsonSchema, two: JsonSchema): JsonSchema {
  const required = [...new Set([...listOf(one['required']), ...listOf(two['required'])])]
  return {
    ...one,
    ...two,
    ...(one['properties'] !== undefined && two['properties'] !== undefined
      ? { properties: { ...schemasIn(one['properties']), ...schemasIn(two['properties']) } }
      : {}),
    ...(required.length > 0 ? { required } : {}),
  }
}

function target(root: JsonSchema, reference: string): JsonSchema {
  if (!reference.startsWith('#')) return {}
  let found: unknown = root
  for (const part of reference.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    found = isRecord(found) || Array.isArray(found) ? (found as Record<string, unknown>)[key] : undefined
  }
  return isRecord(found) ? found : {}
}

function schemasIn(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

function withoutKey(schema: JsonSchema, key: string): JsonSchema {
  const { [key]: _left, ...others } = schema
  return others
}
