import type { Position } from './continue-token.js'
import type { KindTable } from './kind-table.js'
import type { NamespaceTable } from './namespace-table.js'
import type { StoredObject } from './object.js'
import type { Query } from './query.js'
import { type Entry, objectAt, versionAt } from './version.js'

/** Which part of a query's objects is wanted. */
export interface ListRange {
  /** As they were then. Default: the newest. */
  readonly revision?: number | undefined
  /** Only what comes after this key. */
  readonly after?: Position
  /** How many at most. */
  readonly limit?: number
}

/**
 * Objects of a query in key order.
 *
 * It starts from the smallest candidate set known: one key, an index value, a label value, a namespace, the kind.
 */
export function listObjects(table: KindTable, query: Query, range: ListRange = {}): StoredObject[] {
  const { namespace, name } = query
  const { revision, after, limit = Number.POSITIVE_INFINITY } = range
  if (name !== undefined && (namespace !== undefined || !table.kind.namespaced)) {
    const entry = table.find(namespace, name)
    return entry === undefined ? [] : collect(inOrder([entry], after), query, revision, limit)
  }
  const posted = smallestPosting(table, query, revision)
  if (posted !== undefined && (query.indexTerm !== undefined || isWorthSorting(table, query, posted, limit)))
    return collect(inOrder(posted, after), query, revision, limit)
  if (namespace !== undefined || !table.kind.namespaced) {
    const space = table.space(namespace)
    return space === undefined ? [] : collectSpace(space, query, range)
  }
  const found: StoredObject[] = []
  table.order.walk(after?.namespace ?? '', space => {
    const rest = { ...range, limit: limit - found.length }
    for (const object of collectSpace(space, query, rest)) found.push(object)
    return found.length < limit
  })
  return found
}

/** How many objects a query has; from the sizes of tables and postings where they tell. */
export function countObjects(table: KindTable, query: Query, revision?: number): number {
  const { namespace, name, indexTerm, labelTerms } = query
  if (revision === undefined && name === undefined) {
    if (query.matches === undefined && indexTerm === undefined) return sizeOf(table, namespace)
    if (namespace === undefined && query.matches === undefined && indexTerm !== undefined)
      return table.indexes.live(indexTerm)?.size ?? 0
    const [label, ...others] = labelTerms
    if (namespace === undefined && indexTerm === undefined && query.termsTell && label !== undefined)
      if (others.length === 0) return table.labels.live(label)?.size ?? 0
  }
  return listObjects(table, query, { revision }).length
}

/** Namespace, then name. */
export function compareObjects(a: StoredObject, b: StoredObject): number {
  const first = compareText(a.metadata.namespace ?? '', b.metadata.namespace ?? '')
  return first === 0 ? compareText(a.metadata.name, b.metadata.name) : first
}

function byKey(a: Entry, b: Entry): number {
  return a.space === b.space ? compareText(a.name, b.name) : compareText(a.space.name, b.space.name)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The entries after a position, sorted. */
function inOrder(entries: readonly Entry[], after: Position | undefined): Entry[] {
  return entries.filter(entry => after === undefined || isAfter(entry, after)).sort(byKey)
}

function isAfter({ space, name }: Entry, after: Position): boolean {
  return space.name === after.namespace ? name > after.name : space.name > after.namespace
}

/** A posting must be sorted; walking the order is cheaper than sorting a large part of it, or for a short page. */
function isWorthSorting(
  table: KindTable,
  { namespace }: Query,
  { length }: readonly Entry[],
  limit: number,
): boolean {
  const total = sizeOf(table, namespace)
  return length <= total / 4 && limit * total >= length * length
}

function sizeOf(table: KindTable, namespace: string | undefined): number {
  if (namespace !== undefined || !table.kind.namespaced) return table.space(namespace)?.order.size ?? 0
  let total = 0
  table.order.forEach(space => {
    total += space.order.size
  })
  return total
}

function smallestPosting(table: KindTable, query: Query, revision: number | undefined): Entry[] | undefined {
  if (query.indexTerm !== undefined) return postingOf(table.indexes, query.indexTerm, revision)
  let best: string | undefined
  let bestSize = Number.POSITIVE_INFINITY
  for (const term of query.labelTerms) {
    const size =
      (table.labels.live(term)?.size ?? 0) +
      (revision === undefined ? 0 : (table.labels.former(term)?.size ?? 0))
    if (size < bestSize) {
      best = term
      bestSize = size
    }
  }
  return best === undefined ? undefined : postingOf(table.labels, best, revision)
}

function postingOf(postings: KindTable['labels'], term: string, revision: number | undefined): Entry[] {
  const live = postings.live(term)
  const entries = live === undefined ? [] : [...live]
  if (revision === undefined) return entries
  for (const entry of postings.former(term)?.keys() ?? []) if (live?.has(entry) !== true) entries.push(entry)
  return entries
}

function collectSpace(space: NamespaceTable, query: Query, range: ListRange): StoredObject[] {
  const { revision, after, limit = Number.POSITIVE_INFINITY } = range
  const found: StoredObject[] = []
  // No name ends in U+0000, so this is the first key after that name.
  const from = after === undefined || after.namespace < space.name ? '' : `${after.name}\u0000`
  space.order.walk(from, entry => {
    const object = visible(entry, query, revision)
    if (object !== undefined) found.push(object)
    return found.length < limit
  })
  if (revision === undefined) return found
  // What was deleted since is no longer in the order.
  const deleted = collect(inOrder(space.deletedAfter(revision), after), query, revision, limit)
  return deleted.length === 0 ? found : found.concat(deleted).sort(compareObjects).slice(0, limit)
}

function collect(
  entries: readonly Entry[],
  query: Query,
  revision: number | undefined,
  limit: number,
): StoredObject[] {
  const found: StoredObject[] = []
  for (const entry of entries) {
    const object = visible(entry, query, revision)
    if (object !== undefined && found.push(object) >= limit) break
  }
  return found
}

function visible(entry: Entry, query: Query, revision: number | undefined): StoredObject | undefined {
  const { namespace, name, indexTerm, matches } = query
  const object = revision === undefined ? entry.head?.object : objectAt(entry, revision)
  if (object === undefined) return undefined
  if (namespace !== undefined && entry.space.name !== namespace) return undefined
  if (name !== undefined && entry.name !== name) return undefined
  if (indexTerm !== undefined && !hasIndexTerm(entry, indexTerm, revision)) return undefined
  return matches === undefined || matches(object) ? object : undefined
}

function hasIndexTerm(entry: Entry, term: string, revision: number | undefined): boolean {
  if (revision === undefined) return true
  return versionAt(entry, revision)?.terms.indexes.includes(term) ?? false
}
