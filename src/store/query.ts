import {
  type FieldSelector,
  type LabelSelector,
  type LabelSelectorObject,
  labelSelectorFromObject,
  parseFieldSelector,
  parseLabelSelector,
} from '../core/index.js'
import { BadRequestError } from './errors.js'
import { ownerTerm, postingTerm, termsOf } from './index-terms.js'
import type { Kind } from './kind.js'
import type { StoredObject } from './object.js'
import type { LabelSelectorInput } from './selector-input.js'
import type { ListOptions } from './store.js'
import { type IndexTerms, NO_TERMS } from './version.js'

/** A compiled `ListOptions`. */
export interface Query {
  readonly namespace: string | undefined
  /** From `metadata.name=…`. */
  readonly name: string | undefined
  /** Posting terms that every match has; labels first. */
  readonly labelTerms: readonly string[]
  readonly indexTerm: string | undefined
  /** True when having the label terms is all that `matches` asks for. */
  readonly termsTell: boolean
  /** Selectors only; namespace, name and index are tested where the candidates come from. */
  readonly matches: ((object: StoredObject) => boolean) | undefined
}

/** Every object of a kind. */
export const EVERYTHING: Query = /* @__PURE__ */ Object.freeze({
  namespace: undefined,
  name: undefined,
  labelTerms: [],
  termsTell: true,
  indexTerm: undefined,
  matches: undefined,
})

/** @throws BadRequestError for a selector, field or index that cannot be understood */
export function compileQuery(kind: Kind, options: ListOptions): Query {
  const { namespace } = options
  if (namespace !== undefined && typeof namespace !== 'string')
    throw new BadRequestError(`namespace must be text, not ${String(namespace)}`, { namespace })
  const labels = options.labelSelector === undefined ? undefined : compileLabels(options.labelSelector)
  const fields = options.fieldSelector === undefined ? undefined : compileFields(kind, options.fieldSelector)
  const names = fields?.equalities.find(([field]) => field === 'metadata.name')
  const spaces = fields?.equalities.find(([field]) => field === 'metadata.namespace')
  return {
    namespace: namespace ?? spaces?.[1],
    name: names?.[1],
    labelTerms: labels?.equalities.map(([key, value]) => postingTerm(key, value)) ?? [],
    termsTell:
      (fields === undefined || fields.empty) && labels?.requirements.length === labels?.equalities.length,
    indexTerm: indexTermOf(kind, options),
    matches: bothOf(
      labels === undefined || labels.empty ? undefined : object => labels.matches(object.metadata.labels),
      fields === undefined || fields.empty
        ? undefined
        : object => fields.matches(field => fieldText(object, field)),
    ),
  }
}

/** Whether an object with these posting terms is one of those asked for. */
export function matchesQuery(object: StoredObject, terms: IndexTerms, query: Query): boolean {
  const { namespace, name } = object.metadata
  if (query.namespace !== undefined && query.namespace !== namespace) return false
  if (query.name !== undefined && query.name !== name) return false
  if (query.indexTerm !== undefined && !terms.indexes.includes(query.indexTerm)) return false
  return query.matches === undefined || query.matches(object)
}

/** @throws BadRequestError when the selector does not follow the grammar */
export function compileLabels(input: LabelSelectorInput): LabelSelector {
  try {
    if (typeof input === 'string') return parseLabelSelector(input)
    if (typeof input !== 'object' || input === null) throw new TypeError('it is neither text nor an object')
    return isCompiled(input) ? input : labelSelectorFromObject(input)
  } catch (error) {
    throw badSelector('labelSelector', input, error)
  }
}

/**
 * The condition of a list as a function of one object, for those who hold objects of their own. Pages do not count.
 *
 * @throws BadRequestError for a selector, field or index that cannot be understood
 */
export function objectFilter(kind: Kind, options: ListOptions): (object: StoredObject) => boolean {
  const query = compileQuery(kind, options)
  if (query.indexTerm === undefined) return object => matchesQuery(object, NO_TERMS, query)
  return object => matchesQuery(object, termsOf(kind, object, undefined), query)
}

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

function compileFields(kind: Kind, text: string): FieldSelector {
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

function indexTermOf(kind: Kind, { index, owner }: ListOptions): string | undefined {
  if (owner === undefined) return index === undefined ? undefined : indexTerm(kind, index)
  if (index !== undefined) throw new BadRequestError('give either index or owner, not both', { index, owner })
  if (typeof owner !== 'string')
    throw new BadRequestError(`owner must be a uid, not ${String(owner)}`, { owner })
  return ownerTerm(owner)
}

function indexTerm(kind: Kind, index: NonNullable<ListOptions['index']>): string {
  if (typeof index !== 'object' || index === null)
    throw new BadRequestError(`index must be { name, value }, not ${String(index)}`, { index })
  const { name, value } = index
  if (Object.hasOwn(kind.indexes, name)) {
    if (typeof value === 'string') return postingTerm(name, value)
    const message = `the value looked for in index "${name}" must be text, not ${String(value)}`
    throw new BadRequestError(message, { kind: kind.kind, index: name, value })
  }
  const known = Object.keys(kind.indexes)
  const has = known.length === 0 ? 'it declares none' : `it declares ${known.join(', ')}`
  throw new BadRequestError(`${kind.kind} has no index "${name}"; ${has}`, { kind: kind.kind, index: name })
}

function isCompiled(input: LabelSelector | LabelSelectorObject): input is LabelSelector {
  return typeof (input as { matches?: unknown }).matches === 'function'
}

function badSelector(option: string, value: unknown, cause: unknown): BadRequestError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new BadRequestError(`${option} cannot be understood: ${reason}`, { option, value }, cause)
}

type Test = (object: StoredObject) => boolean

function bothOf(first: Test | undefined, second: Test | undefined): Test | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return object => first(object) && second(object)
}
