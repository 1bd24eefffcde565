import type { FieldSelector } from '../../core/internal.js'
import { fieldTest, formatFieldRequirement, parseFieldSelector } from '../../core/internal.js'
import type { Kind } from '../kind/kind.js'
import type { StoredObject } from '../object/object.js'
import { BadRequestError } from '../object/store-errors.js'

/** The text of a field as field selectors compare it: absent, null, objects and lists read as `''`. */
export function fieldText(object: StoredObject, field: string): string {
  let value: unknown = object
  for (const part of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return ''
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : ''
}

/** @throws BadRequestError for a selector that cannot be understood, or of fields that nothing can select by */
export function compileFields(kind: Kind, text: string): FieldSelector {
  let selector: FieldSelector
  try {
    selector = parseFieldSelector(text)
  } catch (error) {
    throw badSelector('fieldSelector', text, error)
  }
  for (const { field } of selector.requirements) {
    const known =
      field === 'metadata.name' || field === 'metadata.namespace' || /^(spec|status)\../.test(field)
    if (known) continue
    throw new BadRequestError(
      `${kind.kind} has no selectable field "${field}"; use metadata.name, metadata.namespace, spec.… or status.…`,
      { kind: kind.kind, field },
    )
  }
  return selector
}

/** A condition on a field that an object does not meet. */
export interface UnmetField {
  readonly field: string
  /** As it is written in a selector. */
  readonly expected: string
  readonly actual: string
}

/**
 * The first condition of a field selector that the object does not meet; undefined when it meets all.
 *
 * @throws BadRequestError for a selector that cannot be understood
 */
export function unmetField(kind: Kind, object: StoredObject, selector: string): UnmetField | undefined {
  const get = (field: string): string => fieldText(object, field)
  const unmet = compileFields(kind, selector).requirements.find(requirement => !fieldTest(requirement)(get))
  if (unmet === undefined) return undefined
  return { field: unmet.field, expected: formatFieldRequirement(unmet), actual: get(unmet.field) }
}

/** Says which selector cannot be understood, and why. */
export function badSelector(option: string, value: unknown, cause: unknown): BadRequestError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new BadRequestError(`${option} cannot be understood: ${reason}`, { option, value }, cause)
}
