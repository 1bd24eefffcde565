import type { LabelSelector, LabelSelectorObject } from '../../core/index.js'
import { parseLabelSelector } from '../../core/index.js'
import { assertKnown, labelSelectorFromObject } from '../../core/internal.js'
import { ownerTerm, termsOf } from '../engine/index-terms.js'
import type { TermRange } from '../engine/term-range.js'
import { bothRanges, isWithin, textsWith } from '../engine/term-range.js'
import { NO_TERMS } from '../engine/version.js'
import type { Kind } from '../kind/kind.js'
import type { StoredObject } from '../object/object.js'
import { BadRequestError } from '../object/store-errors.js'
import { badSelector, compileFields, fieldText } from './field-conditions.js'
import type { CompiledIndex } from './index-query.js'
import { compileIndex } from './index-query.js'
import { LIST_OPTIONS, NAMES_OPTIONS } from './known-read-options.js'
import type { LabelSelectorInput, ListOptions, NameRange } from './reader.js'

/** A compiled `ListOptions`. */
export interface Query {
  readonly namespace: string | undefined
  /** From `metadata.name=…`. */
  readonly name: string | undefined
  /** Labels that every match has, each a key and a value. */
  readonly labels: readonly (readonly [string, string])[]
  readonly indexTerm: string | undefined
  /** Of the terms of an ordered index; the list is in their order. */
  readonly indexRange: TermRange | undefined
  readonly names: TermRange | undefined
  readonly reverse: boolean
  /** True when having the labels is all that `matches` asks for. */
  readonly labelsTell: boolean
  /** Selectors only; namespace, name and index are tested where the candidates come from. */
  readonly matches: ((object: StoredObject) => boolean) | undefined
}

/** Every object of a kind. */
export const EVERYTHING: Query = /* @__PURE__ */ Object.freeze({
  namespace: undefined,
  name: undefined,
  labels: [],
  labelsTell: true,
  indexTerm: undefined,
  indexRange: undefined,
  names: undefined,
  reverse: false,
  matches: undefined,
})

/** The conditions of a query. */
export type QueryOptions = Pick<
  ListOptions,
  'namespace' | 'labelSelector' | 'fieldSelector' | 'names' | 'index' | 'owner' | 'reverse'
>

/** @throws BadRequestError for a selector, field or index that cannot be understood */
export function compileQuery(kind: Kind, options: QueryOptions): Query {
  const { namespace } = options
  if (namespace !== undefined && typeof namespace !== 'string')
    throw new BadRequestError(`namespace must be text, not ${String(namespace)}`, { namespace })
  const index = compileIndexOrOwner(kind, options)
  const labels = options.labelSelector === undefined ? undefined : compileLabels(options.labelSelector)
  const fields = options.fieldSelector === undefined ? undefined : compileFields(kind, options.fieldSelector)
  const names = fields?.equalities.find(([field]) => field === 'metadata.name')
  const spaces = fields?.equalities.find(([field]) => field === 'metadata.namespace')
  return {
    namespace: namespace ?? spaces?.[1],
    name: names?.[1],
    labels: labels?.equalities ?? [],
    labelsTell:
      (fields === undefined || fields.empty) && labels?.requirements.length === labels?.equalities.length,
    indexTerm: index.indexTerm,
    indexRange: index.indexRange,
    names: options.names === undefined ? undefined : compileNames(options.names),
    reverse: compileReverse(options.reverse),
    matches: bothOf(
      labels === undefined || labels.empty ? undefined : object => labels.matches(object.metadata.labels),
      fields === undefined || fields.empty
        ? undefined
        : object => fields.matches(field => fieldText(object, field)),
    ),
  }
}

/** Whether an object with these posting terms is one of those asked for. */
export function matchesQuery(object: StoredObject, terms: readonly string[], query: Query): boolean {
  const { namespace, name } = object.metadata
  if (query.namespace !== undefined && query.namespace !== (namespace ?? '')) return false
  if (query.name !== undefined && query.name !== name) return false
  if (query.names !== undefined && !isWithin(query.names, name)) return false
  return hasIndexed(query, terms) && (query.matches === undefined || query.matches(object))
}

/** Whether the index part of a query holds for an object with these terms. */
export function hasIndexed({ indexTerm, indexRange }: Query, terms: readonly string[] | undefined): boolean {
  if (indexTerm !== undefined) return terms?.includes(indexTerm) === true
  return indexRange === undefined || terms?.some(term => isWithin(indexRange, term)) === true
}

/** Whether anything but a namespace and a name is asked for. */
export function isNarrow({ indexTerm, indexRange, names, matches }: Query): boolean {
  return indexTerm !== undefined || indexRange !== undefined || names !== undefined || matches !== undefined
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
  assertKnown(options, LIST_OPTIONS)
  return queryFilter(kind, compileQuery(kind, options))
}

export function queryFilter(kind: Kind, query: Query): (object: StoredObject) => boolean {
  const isIndexed = query.indexTerm !== undefined || query.indexRange !== undefined
  return object => matchesQuery(object, isIndexed ? termsOf(kind, object) : NO_TERMS, query)
}

function compileIndexOrOwner(kind: Kind, { index, owner }: QueryOptions): CompiledIndex {
  if (owner === undefined) return index === undefined ? {} : compileIndex(kind, index)
  if (index !== undefined) throw new BadRequestError('give either index or owner, not both', { index, owner })
  if (typeof owner !== 'string')
    throw new BadRequestError(`owner must be a uid, not ${String(owner)}`, { owner })
  return { indexTerm: ownerTerm(owner) }
}

function compileNames(names: NameRange): TermRange {
  if (typeof names !== 'object' || names === null)
    throw new BadRequestError(`names must be { prefix, from, to }, not ${String(names)}`, { names })
  assertKnown(names, NAMES_OPTIONS)
  for (const option of ['prefix', 'from', 'to'] as const) {
    const text = names[option]
    if (text !== undefined && typeof text !== 'string')
      throw new BadRequestError(`${option} of names must be text, not ${String(text)}`, { names })
  }
  const { prefix = '', from = '', to } = names
  return bothRanges(textsWith(prefix), { low: from, high: to })
}

function compileReverse(reverse: unknown = false): boolean {
  if (typeof reverse === 'boolean') return reverse
  throw new BadRequestError(`reverse must be true or false, not ${String(reverse)}`, { reverse })
}

function isCompiled(input: LabelSelector | LabelSelectorObject): input is LabelSelector {
  return typeof (input as { matches?: unknown }).matches === 'function'
}

type Test = (object: StoredObject) => boolean

function bothOf(first: Test | undefined, second: Test | undefined): Test | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return object => first(object) && second(object)
}
