import { UsageError } from '../../core/index.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Change } from '../engine/revision-log.js'
import { isWithin } from '../engine/term-range.js'
import type { WatchPlace } from '../engine/watch-registry.js'
import type { StoredObject } from '../object/object.js'
import type { Query } from '../read/query.js'
import { compileQuery, hasIndexed, isNarrow } from '../read/query.js'
import { shardTest } from './shard.js'
import type { WatchOptions } from './watch.js'

/** What a watcher sees of one kind. `namespace` is `''` for a kind without namespaces. */
export interface KindFilter extends Query {
  readonly table: KindTable
}

/** What a watcher sees: one filter for each of its kinds. */
export type WatchFilter = readonly KindFilter[]

/**
 * @throws BadRequestError for a selector, field or index that cannot be understood, UsageError for an invalid
 * shard
 */
function compileFilter(table: KindTable, options: WatchOptions): KindFilter {
  const { name, shard } = options
  const { kind } = table
  const query = compileQuery(kind, options)
  const inShard = shard === undefined ? undefined : shardTest(shard)
  const { matches } = query
  // Written out: a spread that is followed by new keys costs a thousand times as much.
  return {
    table,
    namespace: kind.namespaced ? query.namespace : '',
    name: name ?? query.name,
    labels: query.labels,
    indexTerm: query.indexTerm,
    indexRange: query.indexRange,
    names: query.names,
    reverse: query.reverse,
    labelsTell: query.labelsTell && inShard === undefined,
    matches:
      inShard === undefined || matches === undefined
        ? (inShard ?? matches)
        : object => inShard(object) && matches(object),
  }
}

/** Where a write finds the watcher: by the condition that the fewest objects meet. */
export function placeOf({ table, namespace, name, labels, indexTerm }: KindFilter): WatchPlace {
  if (name !== undefined) return { by: 'name', key: name, namespace }
  if (indexTerm !== undefined) return { by: 'index', key: indexTerm, namespace }
  let rarest: readonly [string, string] | undefined
  let count = Number.POSITIVE_INFINITY
  for (const label of labels) {
    const size = table.labels.find(...label)?.size ?? 0
    if (size < count) {
      rarest = label
      count = size
    }
  }
  if (rarest !== undefined) return { by: 'label', label: rarest[0], key: rarest[1], namespace }
  return { by: 'all', key: '', namespace }
}

/** The filter of the kind that a change is in, if the change is in the namespace and of a name looked at. */
export function filterFor(filter: WatchFilter, { entry }: Pick<Change, 'entry'>): KindFilter | undefined {
  const { space } = entry
  for (let index = 0; index < filter.length; index++) {
    const one = filter[index] as KindFilter
    if (one.table !== space.table) continue
    if (one.namespace !== undefined && one.namespace !== space.name) return undefined
    if (one.name !== undefined && one.name !== entry.name) return undefined
    return one.names === undefined || isWithin(one.names, entry.name) ? one : undefined
  }
  return undefined
}

/** The object, if the selectors of the filter let it be seen. */
export function seenBy(
  filter: KindFilter,
  object: StoredObject | undefined,
  terms: readonly string[] | undefined,
): StoredObject | undefined {
  if (object === undefined) return undefined
  if (!hasIndexed(filter, terms)) return undefined
  return filter.matches === undefined || filter.matches(object) ? object : undefined
}

/** @throws UsageError when no kind is given; a kind given twice counts once */
export function filtersOf(tables: readonly KindTable[], options: WatchOptions): WatchFilter {
  if (tables.length === 0) throw new UsageError('a watch of no kinds sees nothing; name at least one kind')
  return [...new Set(tables)].map(table => compileFilter(table, options))
}

/** The table, if the watcher sees everything in one kind and nothing else. */
export function everythingOf(filter: WatchFilter): KindTable | undefined {
  const [one, ...others] = filter
  if (one === undefined || others.length > 0) return undefined
  const { table, namespace, name } = one
  const isWhole = name === undefined && !isNarrow(one)
  return isWhole && (namespace === undefined || !table.kind.namespaced) ? table : undefined
}
