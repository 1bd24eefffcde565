import { assertKnown, compareText } from '../../core/internal.js'
import { termsOf } from '../engine/index-terms.js'
import { isWithin } from '../engine/term-range.js'
import type { Kind } from '../kind/kind.js'
import type { StoredObject } from '../object/object.js'
import { LIST_OPTIONS } from './known-read-options.js'
import type { Query } from './query.js'
import { compileQuery, queryFilter } from './query.js'
import type { ListOptions } from './reader.js'

/** Where an object stands in a list: after its value, when the list is in the order of an index; then after its key. */
export interface Position {
  /** The posting term of the value; `''` for a list in key order. */
  readonly term: string
  readonly namespace: string
  readonly name: string
}

export function positionOf(kind: Kind, query: Query, object: StoredObject): Position {
  const { namespace = '', name } = object.metadata
  const terms = query.indexRange === undefined ? undefined : termsOf(kind, object)
  return { term: (terms && firstTerm(query, terms)) ?? '', namespace, name }
}

/** The term under which a list by range shows an object: the first in its range, the last when it is reversed. */
function firstTerm({ indexRange, reverse }: Query, terms: readonly string[]): string | undefined {
  let first: string | undefined
  for (const term of terms) {
    if (indexRange === undefined || !isWithin(indexRange, term)) continue
    if (first === undefined || (reverse ? term > first : term < first)) first = term
  }
  return first
}

/**
 * What a list of these objects would have, in its order; for those who hold objects of their own. They are in key order.
 * Pages do not count.
 *
 * @param objects in key order; asked for once the options are known to be right
 * @throws BadRequestError for a selector, field or index that cannot be understood
 */
export function selectObjects(
  kind: Kind,
  options: ListOptions,
  objects: () => readonly StoredObject[],
): readonly StoredObject[] {
  assertKnown(options, LIST_OPTIONS)
  const query = compileQuery(kind, options)
  const found = objects().filter(queryFilter(kind, query))
  if (query.indexRange !== undefined) return inQueryOrder(kind, query, found)
  return query.reverse ? found.reverse() : found
}

/** The objects in the order of the query, those after a position only. */
export function inQueryOrder(
  kind: Kind,
  query: Query,
  objects: readonly StoredObject[],
  after?: Position,
): StoredObject[] {
  const direction = query.reverse ? -1 : 1
  return objects
    .map(object => ({ object, at: positionOf(kind, query, object) }))
    .filter(({ at }) => after === undefined || comparePositions(at, after) * direction > 0)
    .sort((a, b) => comparePositions(a.at, b.at) * direction)
    .map(({ object }) => object)
}

function comparePositions(a: Position, b: Position): number {
  return compareText(a.term, b.term) || compareText(a.namespace, b.namespace) || compareText(a.name, b.name)
}
