import type { Position } from './continue-token.js'
import type { KindTable } from './kind-table.js'
import type { NamespaceTable } from './namespace-table.js'
import type { StoredObject } from './object.js'
import type { Postings } from './postings.js'
import type { Query } from './query.js'
import { compareEntries, type Entry, objectAt, versionAt } from './version.js'

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
  if (posted !== undefined && isWorthSorting(table, query, posted, limit)) {
    if (revision !== undefined) return collect(inOrder(entriesAt(posted), after), query, revision, limit)
    const entries = posted.postings.ordered(posted.term)
    const rest = after === undefined ? entries : entries.filter(entry => isAfter(entry, after))
    return collect(rest, isAnswer(query) ? { ...query, matches: undefined } : query, revision, limit)
  }
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

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The entries after a position, sorted. */
function inOrder(entries: readonly Entry[], after: Position | undefined): Entry[] {
  return entries.filter(entry => after === undefined || isAfter(entry, after)).sort(compareEntries)
}

function isAfter({ space, name }: Entry, after: Position): boolean {
  return space.name === after.namespace ? name > after.name : space.name > after.namespace
}

/** The entries under one term, live and, for an older revision, former ones. */
interface Posted {
  readonly postings: Postings
  readonly term: string
  readonly size: number
}

/** True when having its one label is all that is asked of an object besides its key. */
function isAnswer({ termsTell, labelTerms, indexTerm }: Query): boolean {
  return termsTell && labelTerms.length === 1 && indexTerm === undefined
}

/**
 * A posting must be sorted after it has changed; walking the order is cheaper than sorting a large part of it, or
 * for a short page. An index has no other way.
 */
function isWorthSorting(
  table: KindTable,
  query: Query,
  { postings, term, size }: Posted,
  limit: number,
): boolean {
  if (query.indexTerm !== undefined || postings.isOrdered(term)) return true
  const total = sizeOf(table, query.namespace)
  return size <= total / 4 && limit * total >= size * size
}

function sizeOf(table: KindTable, namespace: string | undefined): number {
  if (namespace !== undefined || !table.kind.namespaced) return table.space(namespace)?.order.size ?? 0
  let total = 0
  table.order.forEach(space => {
    total += space.order.size
  })
  return total
}

function smallestPosting(table: KindTable, query: Query, revision: number | undefined): Posted | undefined {
  const sizeAt = (postings: Postings, term: string): number =>
    (postings.live(term)?.size ?? 0) + (revision === undefined ? 0 : (postings.former(term)?.size ?? 0))
  const { indexTerm } = query
  if (indexTerm !== undefined)
    return { postings: table.indexes, term: indexTerm, size: sizeAt(table.indexes, indexTerm) }
  let best: Posted | undefined
  for (const term of query.labelTerms) {
    const size = sizeAt(table.labels, term)
    if (best === undefined || size < best.size) best = { postings: table.labels, term, size }
  }
  return best
}

/** Everyone who has the term, or had it at a revision that is kept. */
function entriesAt({ postings, term }: Posted): Entry[] {
  const live = postings.live(term)
  const entries = live === undefined ? [] : [...live]
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
