import type { KindTable } from '../engine/kind-table.js'
import type { NamespaceTable } from '../engine/namespace-table.js'
import type { Posting } from '../engine/posting.js'
import type { TermRange } from '../engine/term-range.js'
import { bothRanges, isWithin, rangeAfter } from '../engine/term-range.js'
import type { Entry } from '../engine/version.js'
import { compareEntries, objectAt, versionAt } from '../engine/version.js'
import type { StoredObject } from '../object/object.js'
import type { Position } from './list-order.js'
import type { Query } from './query.js'
import { hasIndexed } from './query.js'
import { objectsByValue } from './value-list.js'

const ALL_NAMES: TermRange = /* @__PURE__ */ Object.freeze({ low: '', high: undefined })

/** Which part of a query's objects is wanted. */
export interface ListRange {
  /** As they were then. Default: the newest. */
  readonly revision?: number | undefined
  /** Only what comes after this one. */
  readonly after?: Position
  /** How many at most. */
  readonly limit?: number
}

/**
 * Objects of a query in its order: that of keys, or of the values of an index.
 *
 * It starts from the smallest candidate set known: one key, an index value, a label value, a namespace, the kind.
 */
export function listObjects(table: KindTable, query: Query, range: ListRange = {}): StoredObject[] {
  const { namespace, name } = query
  const { revision, after, limit = Number.POSITIVE_INFINITY } = range
  if (name !== undefined && (namespace !== undefined || !table.kind.namespaced)) {
    const entry = table.find(namespace, name)
    return entry === undefined ? [] : collect(inOrder([entry], query, after), query, revision, limit)
  }
  const { indexRange } = query
  if (indexRange !== undefined && table.values !== undefined) {
    const rest = { ...query, indexRange: undefined }
    const shown = (entry: Entry): StoredObject | undefined => visible(entry, rest, revision)
    return objectsByValue(table.values, query, { indexRange, revision, after, limit, shown })
  }
  const posted = smallestPosting(table, query, revision)
  if (posted !== undefined && isWorthSorting(table, query, posted, limit)) {
    if (revision !== undefined)
      return collect(inOrder(posted.posting?.everyEntry() ?? [], query, after), query, revision, limit)
    const entries = posted.posting?.entries ?? []
    if (isAnswer(query) && isWhole(query, range)) return newestIn(namespace, entries)
    const turned = query.reverse ? entries.toReversed() : entries
    const rest = after === undefined ? turned : turned.filter(entry => isAfter(entry, after, query.reverse))
    return collect(rest, isAnswer(query) ? { ...query, matches: undefined } : query, revision, limit)
  }
  if (namespace !== undefined || !table.kind.namespaced) {
    const space = table.space(namespace)
    return space === undefined ? [] : collectSpace(space, query, range)
  }
  const found: StoredObject[] = []
  const visit = (space: NamespaceTable): boolean => {
    const rest = { ...range, limit: limit - found.length }
    for (const object of collectSpace(space, query, rest)) found.push(object)
    return found.length < limit
  }
  if (query.reverse)
    table.order.walkBack(
      { low: '', high: after === undefined ? undefined : `${after.namespace}\u0000` },
      visit,
    )
  else table.order.walk({ low: after?.namespace ?? '', high: undefined }, visit)
  return found
}

/** How many objects a query has; from the sizes of tables and postings where they tell. */
export function countObjects(table: KindTable, query: Query, revision?: number): number {
  const { namespace, name, indexTerm, indexRange, names, labels } = query
  if (revision === undefined && name === undefined && indexRange === undefined && names === undefined) {
    if (query.matches === undefined && indexTerm === undefined) return sizeOf(table, namespace)
    if (namespace === undefined && query.matches === undefined && indexTerm !== undefined)
      return table.indexes.find(indexTerm)?.size ?? 0
    const [label, ...others] = labels
    if (namespace === undefined && indexTerm === undefined && query.labelsTell && label !== undefined)
      if (others.length === 0) return table.labels.find(...label)?.size ?? 0
  }
  return listObjects(table, query, { revision }).length
}

/** The entries after a position, sorted. */
function inOrder(entries: readonly Entry[], { reverse }: Query, after: Position | undefined): Entry[] {
  const rest = entries.filter(entry => after === undefined || isAfter(entry, after, reverse))
  return rest.sort(reverse ? (a, b) => compareEntries(b, a) : compareEntries)
}

function isAfter({ space, name }: Entry, after: Position, reverse: boolean): boolean {
  if (reverse) return space.name === after.namespace ? name < after.name : space.name < after.namespace
  return space.name === after.namespace ? name > after.name : space.name > after.namespace
}

/** The entries under one label or term, live and, for an older revision, former ones. */
export interface Posted {
  /** Undefined when there are none. */
  readonly posting: Posting | undefined
  readonly size: number
}

/** True when having its one label, or its value of an index, is all that is asked of an object besides its key. */
function isAnswer({ labelsTell, labels, indexTerm, matches }: Query): boolean {
  return indexTerm === undefined ? labelsTell && labels.length === 1 : matches === undefined
}

/**
 * A posting must be sorted after it has changed; walking the order is cheaper than sorting a large part of it, or
 * for a short page. An index has no other way.
 */
export function isWorthSorting(
  table: KindTable,
  query: Query,
  { posting, size }: Posted,
  limit: number,
): boolean {
  if (query.indexTerm !== undefined || posting === undefined || posting.isSettled) return true
  const total = sizeOf(table, query.namespace)
  return size <= total / 4 && limit * total >= size * size
}

/** How many objects there are in a namespace, or in all. */
export function sizeOf(table: KindTable, namespace: string | undefined): number {
  if (namespace !== undefined || !table.kind.namespaced) return table.space(namespace)?.order.size ?? 0
  return table.countObjects()
}

/** The shortest list of candidates that a label or an index has; undefined when none is asked for. */
export function smallestPosting(
  table: KindTable,
  query: Query,
  revision: number | undefined,
): Posted | undefined {
  const { indexTerm } = query
  if (indexTerm !== undefined) return postedAt(table.indexes.find(indexTerm), revision)
  let best: Posted | undefined
  for (const label of query.labels) {
    const posted = postedAt(table.labels.find(...label), revision)
    if (best === undefined || posted.size < best.size) best = posted
  }
  return best
}

function postedAt(posting: Posting | undefined, revision: number | undefined): Posted {
  if (posting === undefined) return { posting, size: 0 }
  return { posting, size: posting.size + (revision === undefined ? 0 : (posting.former?.size ?? 0)) }
}

/** True when every object of the candidates is wanted, as it is now, from the first to the last. */
function isWhole(
  { name, names, indexRange, reverse }: Query,
  { revision, after, limit = Number.POSITIVE_INFINITY }: ListRange,
): boolean {
  const isAll = name === undefined && names === undefined && indexRange === undefined && !reverse
  return isAll && revision === undefined && after === undefined && limit === Number.POSITIVE_INFINITY
}

/** What live entries hold, with nothing asked of it. Short, so that a processor waits for several objects at once. */
function newestOf(lists: readonly (readonly Entry[])[]): StoredObject[] {
  const found: StoredObject[] = []
  for (const entries of lists)
    for (const { head } of entries) if (head?.object !== undefined) found.push(head.object)
  return found
}

/** As `newestOf`, of one namespace, or of all. */
function newestIn(namespace: string | undefined, entries: readonly Entry[]): StoredObject[] {
  const isThere = ({ space }: Entry): boolean => namespace === undefined || space.name === namespace
  return newestOf([entries.every(isThere) ? entries : entries.filter(isThere)])
}

function collectSpace(space: NamespaceTable, query: Query, range: ListRange): StoredObject[] {
  const { revision, after, limit = Number.POSITIVE_INFINITY } = range
  const { names = ALL_NAMES, reverse } = query
  if (query.matches === undefined && query.indexTerm === undefined && isWhole(query, range))
    return newestOf(space.order.chunks)
  const found: StoredObject[] = []
  const visit = (entry: Entry): boolean => {
    const object = visible(entry, query, revision)
    if (object !== undefined) found.push(object)
    return found.length < limit
  }
  const isBegun = after !== undefined && after.namespace === space.name
  const wanted = isBegun ? bothRanges(names, rangeAfter(after.name, reverse)) : names
  if (reverse) space.order.walkBack(wanted, visit)
  else space.order.walk(wanted, visit)
  if (revision === undefined) return found
  // What was deleted since is no longer in the order.
  const deleted = collect(inOrder(space.deletedAfter(revision), query, after), query, revision, limit)
  if (deleted.length === 0) return found
  const direction = reverse ? -1 : 1
  const byName = (a: StoredObject, b: StoredObject): number =>
    a.metadata.name < b.metadata.name ? -direction : direction
  return found.concat(deleted).sort(byName).slice(0, limit)
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
  const { namespace, name, names, matches } = query
  const object = revision === undefined ? entry.head?.object : objectAt(entry, revision)
  if (object === undefined) return undefined
  if (namespace !== undefined && entry.space.name !== namespace) return undefined
  if (name !== undefined && entry.name !== name) return undefined
  if (names !== undefined && !isWithin(names, entry.name)) return undefined
  if (!isUnderIndex(entry, query, revision)) return undefined
  return matches === undefined || matches(object) ? object : undefined
}

function isUnderIndex(entry: Entry, query: Query, revision: number | undefined): boolean {
  if (query.indexTerm === undefined && query.indexRange === undefined) return true
  return hasIndexed(query, (revision === undefined ? entry.head : versionAt(entry, revision))?.terms)
}
