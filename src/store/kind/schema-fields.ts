import { isRecord } from '../../core/internal.js'
import type { StoredObject } from '../object/object.js'
import type { Content } from '../object/object-parts.js'
import type { JsonSchema } from './kind.js'

/** Whether one field passes what the schema says about it. */
export type FieldTest = (value: unknown) => boolean

/** Finds the test of the field under a path of `properties`. */
export type FieldTestOf = (part: keyof Content, field: string) => FieldTest | undefined

/** Keywords that either say nothing about values, or speak of each field alone and of which fields there are. */
const FIELDWISE: ReadonlySet<string> = /* @__PURE__ */ new Set([
  '$comment',
  '$defs',
  '$schema',
  'additionalProperties',
  'definitions',
  'description',
  'examples',
  'properties',
  'required',
  'title',
  'type',
])

/**
 * Whether the fields of spec and status can be checked one by one: then a field that is as it was stored has
 * passed, and an update pays for the fields that it changes.
 */
export function isFieldwise(schema: JsonSchema): boolean {
  return (
    hasOnlyFieldwise(schema) &&
    Object.entries(propertiesOf(schema)).every(([, part]) => hasOnlyFieldwise(part))
  )
}

/**
 * True when `next` differs from `previous`, which has passed, only in the values of fields whose tests pass. False
 * says nothing: then the whole must be checked.
 */
export function changedFieldsPass(
  next: Content,
  previous: Pick<StoredObject, 'spec' | 'status'>,
  testOf: FieldTestOf,
): boolean {
  return (
    partPasses('spec', next.spec, previous.spec, testOf) &&
    partPasses('status', next.status, previous.status, testOf)
  )
}

function partPasses(part: keyof Content, next: unknown, previous: unknown, testOf: FieldTestOf): boolean {
  if (next === previous) return true
  if (!isRecord(next) || !isRecord(previous)) return false
  let more = 0
  for (const _ in previous) more--
  for (const field in next) {
    more++
    if (next[field] === previous[field]) continue
    if (!Object.hasOwn(previous, field) || testOf(part, field)?.(next[field]) !== true) return false
  }
  return more === 0
}

/** The schemas under `properties` by name; none where there is something else. */
export function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> {
  const properties = isRecord(schema) ? schema['properties'] : undefined
  return isRecord(properties) ? properties : {}
}

function hasOnlyFieldwise(schema: unknown): boolean {
  return isRecord(schema) && Object.keys(schema).every(keyword => FIELDWISE.has(keyword))
}
