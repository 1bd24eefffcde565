import type { KindTable } from './kind-table.js'
import type { NamespaceTable } from './namespace-table.js'
import type { StoredObject } from './object.js'
import type { Query } from './query.js'
import { type Entry, objectAt, type Version } from './version.js'

/**
 * Objects of a query in key order. With `revision`, as they were then; without, the newest.
 *
 * It starts from the smallest candidate set known: one key, an index value, a label value, a namespace, the kind.
 */
export function listObjects(table: KindTable, query: Query, revision?: number): StoredObject[] {
  const { namespace, name } = query
  if (name !== undefined && (namespace !== undefined || !table.kind.namespaced)) {
    const entry = table.find(namespace, name)
    return entry === undefined ? [] : collect([entry], query, revision)
  }
  const posted = smallestPosting(table, query, revision)
  const total = sizeOf(table, namespace)
  // A posting must be sorted; walking the whole order is cheaper than sorting a large part of it.
  if (posted !== undefined && (posted.length <= total / 4 || query.indexTerm !== undefined)) {
    return collect(posted.sort(byKey), query, revision)
  }
  if (namespace !== undefined || !table.kind.namespaced) {
    const space = table.space(namespace)
    return space === undefined ? [] : collectSpace(space, query, revision)
  }
  const found: StoredObject[] = []
  table.order.forEach(space => {
    for (const object of collectSpace(space, query, revision)) found.push(object)
  })
  return found
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

function collectSpace(space: NamespaceTable, query: Query, revision: number | undefined): StoredObject[] {
  const found: StoredObject[] = []
  space.order.forEach(entry => {
    const object = visible(entry, query, revision)
    if (object !== undefined) found.push(object)
  })
  if (revision === undefined) return found
  // What was deleted since is no longer in the order.
  const deleted = collect(space.deletedAfter(revision), query, revision)
  return deleted.length === 0 ? found : found.concat(deleted).sort(compareObjects)
}

function collect(entries: readonly Entry[], query: Query, revision: number | undefined): StoredObject[] {
  const found: StoredObject[] = []
  for (const entry of entries) {
    const object = visible(entry, query, revision)
    if (object !== undefined) found.push(object)
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
  let version: Version | undefined = entry.head
  while (version !== undefined && version.revision > revision) version = version.previous
  return version?.terms.indexes.includes(term) ?? false
}
