import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { RegExpEngine } from 'ajv/dist/types/index.js'
import type { FieldProblem } from '../../core/index.js'
import { UsageError } from '../../core/index.js'
import { compileLinearRegExp } from '../../core/internal.js'
import { joinPath } from '../json/json-border.js'
import type { StoredObject } from '../object/object.js'
import type { Content } from '../object/object-parts.js'
import type { JsonSchema, Kind } from './kind.js'
import type { FieldTest, FieldTestOf } from './schema-fields.js'
import { changedFieldsPass, isFieldwise, propertiesOf } from './schema-fields.js'
import { isStandardSchema } from './standard-schema.js'

/** A kind's compiled schema. */
export interface CompiledSchema {
  /** True when it fills in defaults; the value must then be mutable. */
  readonly fillsDefaults: boolean
  /** Every fault of `{ spec, status? }`; fills in defaults while it looks. */
  problems(value: Readonly<Record<string, unknown>>): readonly FieldProblem[]
  /**
   * True where the schema speaks of each field alone, and those that differ from `previous`, which has passed, pass.
   * False says nothing.
   */
  passesLike(content: Content, previous: Pick<StoredObject, 'spec' | 'status'>): boolean
}

/** Compiling costs milliseconds, so it waits for the first write and happens once per handle. */
const compiled: WeakMap<Kind, CompiledSchema> = /* @__PURE__ */ new WeakMap()

/** The JSON Schema of a kind, or undefined when it has none. */
function jsonSchemaOf({ schema }: Kind): JsonSchema | undefined {
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

function compile(kind: Kind, schema: JsonSchema): CompiledSchema {
  const fillsDefaults = hasDefault(schema)
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: fillsDefaults,
    logger: false,
    strictTypes: false,
    strictTuples: false,
    validateFormats: false,
    // The schema itself was checked before, see `schemaChecker`.
    validateSchema: false,
    code: { regExp: linearPattern },
  })
  const validate = compileWhole(ajv, kind, schema)
  const passed = isFieldwise(schema) ? fieldTests(ajv, schema) : undefined
  return {
    fillsDefaults,
    problems: value => (validate(value) ? [] : (validate.errors ?? []).map(error => problemOf(error, value))),
    passesLike: (content, previous) => passed !== undefined && changedFieldsPass(content, previous, passed),
  }
}

/** Patterns take linear time, whatever they are: one bad value cannot hold up the store. */
const linearPattern: RegExpEngine = /* @__PURE__ */ Object.assign(
  (source: string) => {
    const pattern = compileLinearRegExp(source)
    return { test: (text: string) => pattern.search(text), toString: () => `linear /${source}/` }
  },
  { code: 'linearPattern' },
)

/** Under this name the compiler finds the schema again, to compile parts of it. */
const WHOLE = 'object'

function compileWhole(ajv: Ajv2020, kind: Kind, schema: JsonSchema): ValidateFunction {
  try {
    void schemaChecker().validateSchema(schema, true)
    return ajv.addSchema({ type: 'object', ...schema }, WHOLE).getSchema(WHOLE) as ValidateFunction
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`the schema of kind ${kind.kind} cannot be compiled: ${reason}`, { kind: kind.kind })
  }
}

let checker: Ajv2020 | undefined

/** One for all kinds, since the schema of schemas takes as long to compile as that of a kind. */
function schemaChecker(): Ajv2020 {
  checker ??= new Ajv2020({ logger: false, validateFormats: false })
  return checker
}

/** Compiles the test of a field at its first change. */
function fieldTests(ajv: Ajv2020, schema: JsonSchema): FieldTestOf {
  const parts = propertiesOf(schema)
  const known = {
    spec: new Map<string, FieldTest | undefined>(),
    status: new Map<string, FieldTest | undefined>(),
  }
  return (part, field) => {
    const tests = known[part]
    if (!tests.has(field) && Object.hasOwn(propertiesOf(parts[part]), field)) {
      const pointer = encodeURIComponent(field.replaceAll('~', '~0').replaceAll('/', '~1'))
      const found = ajv.getSchema(`${WHOLE}#/properties/${part}/properties/${pointer}`)
      tests.set(field, found as FieldTest | undefined)
    }
    return tests.get(field)
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
