import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { type FieldProblem, UsageError } from '../core/index.js'
import { joinPath } from './json-border.js'
import type { JsonSchema, Kind } from './kind.js'
import { isStandardSchema } from './standard-schema.js'

/** A kind's compiled schema. */
export interface CompiledSchema {
  /** True when it fills in defaults; the value must then be mutable. */
  readonly fillsDefaults: boolean
  /** Every fault of `{ spec, status? }`; fills in defaults while it looks. */
  problems(value: Readonly<Record<string, unknown>>): readonly FieldProblem[]
}

/** Compiling costs milliseconds, so it waits for the first write and happens once per handle. */
const compiled: WeakMap<Kind, CompiledSchema> = /* @__PURE__ */ new WeakMap()

/** The JSON Schema of a kind, or undefined when it has none. */
export function jsonSchemaOf({ schema }: Kind): JsonSchema | undefined {
  return isStandardSchema(schema) ? undefined : schema
}

/**
 * The compiled JSON Schema of a kind, or undefined when it has none.
 *
 * @throws UsageError when the schema itself is wrong
 */
export function schemaOf(kind: Kind): CompiledSchema | undefined {
  const source = jsonSchemaOf(kind)
  if (source === undefined) return undefined
  const known = compiled.get(kind)
  if (known !== undefined) return known
  const schema = compile(kind, source)
  compiled.set(kind, schema)
  return schema
}

function compile(kind: Kind, schema: Readonly<Record<string, unknown>>): CompiledSchema {
  const fillsDefaults = hasDefault(schema)
  const validate = compileAjv(kind, schema, fillsDefaults)
  return {
    fillsDefaults,
    problems: value => (validate(value) ? [] : (validate.errors ?? []).map(error => problemOf(error, value))),
  }
}

function compileAjv(
  kind: Kind,
  schema: Readonly<Record<string, unknown>>,
  useDefaults: boolean,
): ValidateFunction {
  try {
    const ajv = new Ajv2020({
      allErrors: true,
      useDefaults,
      logger: false,
      strictTypes: false,
      strictTuples: false,
      validateFormats: false,
    })
    return ajv.compile({ type: 'object', ...schema })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`the schema of kind ${kind.kind} cannot be compiled: ${reason}`, { kind: kind.kind })
  }
}

/** Whether any subschema has a `default`; a field of that name under `properties` is a schema, not a default. */
function hasDefault(schema: unknown, isMap = false): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  if (Array.isArray(schema)) return schema.some(item => hasDefault(item))
  return Object.entries(schema).some(([key, value]) => {
    if (!isMap && key === 'default') return true
    if (!isMap && (key === 'const' || key === 'enum' || key === 'examples')) return false
    return hasDefault(value, !isMap && MAPS_OF_SCHEMAS.has(key))
  })
}

const MAPS_OF_SCHEMAS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
])

function problemOf(error: ErrorObject, root: unknown): FieldProblem {
  let value: unknown = root
  const path: (string | number)[] = []
  for (const token of error.instancePath.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(value) ? Number(key) : key)
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[key]
  }
  return { field: joinPath('', path) || 'object', value, message: messageOf(error) }
}

function messageOf({ keyword, message = 'is not valid', params }: ErrorObject): string {
  const given = params as Readonly<Record<string, unknown>>
  if (keyword === 'additionalProperties')
    return `must not have the field ${JSON.stringify(given['additionalProperty'])}`
  if (keyword === 'enum') return `must be one of ${JSON.stringify(given['allowedValues'])}`
  if (keyword === 'const') return `must be ${JSON.stringify(given['allowedValue'])}`
  return message
}
