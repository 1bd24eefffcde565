import { firstTerm, type Position } from './list-order.js'
import type { Query } from './query.js'
import { bothRanges, rangeAfter, type TermRange } from './term-range.js'
import type { KeyOrder } from './key-order.js'
import { type Place, placeName, type ValueOrder } from './value-order.js'
import { type Entry, NO_TERMS, versionAt } from './version.js'

/** Which of the entries are wanted. */
export interface ValueRange {
  readonly indexRange: TermRange
  readonly revision: number | undefined
  readonly after: Position | undefined
  readonly limit: number
}

/**
 * The entries of a query by range, in the order of values, then of keys. One with several values in the range is at
 * the first of them. `isShown` says whether the rest of the query holds.
 */
export function entriesByValue(
  values: ValueOrder,
  query: Query,
  range: ValueRange,
  isShown: (entry: Entry) => boolean,
): Entry[] {
  const { indexRange, revision, after, limit } = range
  const { reverse } = query
  const mark = after === undefined ? undefined : placeName(after.term, after.namespace, after.name)
  const wanted = mark === undefined ? indexRange : bothRanges(indexRange, rangeAfter(mark, reverse))
  const placesOf = (order: KeyOrder<Place>): Place[] => {
    const found: Place[] = []
    const visit = (place: Place): boolean => {
      const { entry, term } = place
      const terms = versionAt(entry, revision ?? Number.POSITIVE_INFINITY)?.terms ?? NO_TERMS
      if (firstTerm(query, terms) === term && isShown(entry)) found.push(place)
      return found.length < limit
    }
    if (reverse) order.walkBack(wanted, visit)
    else order.walk(wanted, visit)
    return found
  }
  const live = placesOf(values.live)
  const found = revision === undefined ? live : merged(live, placesOf(values.former), reverse)
  return found.slice(0, limit).map(({ entry }) => entry)
}

/** A place may be in both: left and taken again. */
function merged(live: readonly Place[], former: readonly Place[], reverse: boolean): readonly Place[] {
  if (former.length === 0) return live
  const places = new Map([...live, ...former].map(place => [place.name, place]))
  const sorted = [...places.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return reverse ? sorted.reverse() : sorted
}
