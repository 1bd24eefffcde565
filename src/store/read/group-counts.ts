import { assertKnown, compareText, isRecord, knownOptions } from '../../core/internal.js'
import { indexOfTerm, nameOfTerm, termsOf } from '../engine/index-terms.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Kind } from '../kind/kind.js'
import type { StoredObject } from '../object/object.js'
import { BadRequestError } from '../object/store-errors.js'
import { unknownIndex } from './index-query.js'
import type { ListView } from './list-view.js'
import type { Query } from './query.js'
import { compileQuery, isNarrow } from './query.js'
import type { GroupBy, GroupCount, ReadOptions } from './reader.js'

const GROUP_OPTIONS = /* @__PURE__ */ knownOptions<GroupBy>('countBy', { label: true, index: true })

/** How many objects a list has under each value, in the order of the values. */
export function countGroups(
  view: ListView,
  table: KindTable,
  by: GroupBy,
  options: ReadOptions,
): readonly GroupCount[] {
  assertKnown(options, view.takes)
  assertGroupBy(table.kind, by)
  const query = compileQuery(table.kind, options)
  const revision = view.revisionOf(options)
  const postings = isEverything(query) ? view.postings(table, revision) : undefined
  return postings === undefined
    ? groupObjects(table.kind, view.list(table, query, { revision }), by)
    : postedGroups(postings, by)
}

/**
 * The same of objects at hand.
 *
 * @throws BadRequestError for an index that the kind does not declare
 */
export function groupObjects(
  kind: Kind,
  objects: readonly StoredObject[],
  by: GroupBy,
): readonly GroupCount[] {
  assertGroupBy(kind, by)
  const counts = new Map<string, number>()
  for (const object of objects)
    for (const value of valuesOf(kind, object, by)) counts.set(value, (counts.get(value) ?? 0) + 1)
  return groupsOf(counts, by)
}

/** Label values, or the posting terms of the index. */
function valuesOf(kind: Kind, object: StoredObject, { label, index }: GroupBy): readonly string[] {
  if (label === undefined) return termsOf(kind, object).filter(term => nameOfTerm(term) === index)
  const { labels } = object.metadata
  return Object.hasOwn(labels, label) ? [labels[label] as string] : []
}

function postedGroups(
  { labels, indexes }: Pick<KindTable, 'labels' | 'indexes'>,
  by: GroupBy,
): readonly GroupCount[] {
  const sizes = by.label === undefined ? indexes.sizes() : labels.sizes(by.label)
  const counts = new Map<string, number>()
  for (const [value, size] of sizes)
    if (size > 0 && (by.label !== undefined || nameOfTerm(value) === by.index)) counts.set(value, size)
  return groupsOf(counts, by)
}

/** The encoding of values has their order. */
function groupsOf(counts: ReadonlyMap<string, number>, by: GroupBy): readonly GroupCount[] {
  return [...counts]
    .sort(([a], [b]) => compareText(a, b))
    .map(([value, count]) => ({ value: by.label === undefined ? indexOfTerm(value).value : value, count }))
}

function isEverything(query: Query): boolean {
  return query.namespace === undefined && query.name === undefined && !isNarrow(query)
}

function assertGroupBy(kind: Kind, by: GroupBy): void {
  if (!isRecord(by))
    throw new BadRequestError(`countBy takes { label } or { index }, not ${String(by)}`, { by })
  assertKnown(by, GROUP_OPTIONS)
  const { label, index } = by as { readonly label?: unknown; readonly index?: unknown }
  if ((label === undefined) === (index === undefined) || typeof (label ?? index) !== 'string')
    throw new BadRequestError('countBy takes either a label or an index, by its name', { by })
  if (typeof index !== 'string' || Object.hasOwn(kind.indexes, index)) return
  throw unknownIndex(kind, index)
}
