import type { KeyOrder } from '../engine/key-order.js'
import type { TermRange } from '../engine/term-range.js'
import { bothRanges, isWithin, rangeAfter } from '../engine/term-range.js'
import type { Place, ValueOrder } from '../engine/value-order.js'
import { placeName } from '../engine/value-order.js'
import type { Entry } from '../engine/version.js'
import { versionAt } from '../engine/version.js'
import type { StoredObject } from '../object/object.js'
import type { Position } from './list-order.js'
import type { Query } from './query.js'

/** Which of the objects are wanted. */
export interface ValueRange {
  readonly indexRange: TermRange
  readonly revision: number | undefined
  readonly after: Position | undefined
  readonly limit: number
  /** The object, if the rest of the query holds for it. */
  readonly shown: (entry: Entry) => StoredObject | undefined
}

/**
 * The objects of a query by range, in the order of values, then of keys. One with several values in the range is at the
 * first of them.
 */
export function objectsByValue(values: ValueOrder, query: Query, range: ValueRange): StoredObject[] {
  const live = shownOf(values.live, query, range)
  if (range.revision === undefined) return live.map(({ object }) => object)
  const former = shownOf(values.former, query, range)
  return merged(live, former, query.reverse)
    .slice(0, range.limit)
    .map(({ object }) => object)
}

interface Shown {
  readonly place: Place
  readonly object: StoredObject
}

function shownOf(order: KeyOrder<Place>, query: Query, range: ValueRange): Shown[] {
  const { indexRange, revision, after, limit, shown } = range
  const { reverse } = query
  const mark = after === undefined ? undefined : placeName(after.term, after.namespace, after.name)
  const wanted = mark === undefined ? indexRange : bothRanges(indexRange, rangeAfter(mark, reverse))
  const found: Shown[] = []
  const visit = (place: Place): boolean => {
    const { entry, term } = place
    const version = revision === undefined ? entry.head : versionAt(entry, revision)
    if (version === undefined || !isFirst(query, version.terms, term)) return true
    const object = shown(entry)
    return object === undefined || found.push({ place, object }) < limit
  }
  if (reverse) order.walkBack(wanted, visit)
  else order.walk(wanted, visit)
  return found
}

/** Whether `term` is one of `terms` and none of the others in the range comes before it. */
function isFirst({ indexRange, reverse }: Query, terms: readonly string[], term: string): boolean {
  let has = false
  for (const other of terms) {
    if (other === term) has = true
    else if (
      (reverse ? other > term : other < term) &&
      indexRange !== undefined &&
      isWithin(indexRange, other)
    )
      return false
  }
  return has
}

/** A place may be in both: left and taken again. */
function merged(live: readonly Shown[], former: readonly Shown[], reverse: boolean): readonly Shown[] {
  if (former.length === 0) return live
  const places = new Map([...live, ...former].map(shown => [shown.place.name, shown]))
  const sorted = [...places.values()].sort((a, b) => (a.place.name < b.place.name ? -1 : 1))
  return reverse ? sorted.reverse() : sorted
}
