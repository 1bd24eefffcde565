import type { AttributeValue } from './attribute-value.js'
import { attributeText } from './attribute-value.js'

/** Where the siblings of a task are already placed, counted by the value of one attribute of their nodes. */
export interface SiblingCounts {
  /** Siblings per value, by the text of the value. */
  readonly counts: ReadonlyMap<string, number>
  /** Siblings on nodes that lack the attribute. */
  readonly withoutValue: number
  /** All of them. */
  readonly total: number
  /** The value of the sibling placed first; undefined when there is none, or its node lacks the attribute. */
  readonly first: string | undefined
}

/** Counts values, given in the order in which the siblings were placed. */
export function countSiblings(values: Iterable<AttributeValue | undefined>): SiblingCounts {
  const counts = new Map<string, number>()
  let withoutValue = 0
  let total = 0
  let first: string | undefined
  for (const value of values) {
    const text = value === undefined ? undefined : attributeText(value)
    if (total++ === 0) first = text
    if (text === undefined) withoutValue++
    else counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return { counts, withoutValue, total, first }
}

/** What a distribution rule looks at besides the node itself. */
export interface Distribution {
  readonly siblings: SiblingCounts
  /** How many instances are wanted in all, this one included. */
  readonly instances: number
  /** How many distinct values the candidate nodes have; needed by `groupBy` without a number. */
  readonly groups?: number | undefined
  /** The least number of siblings that one of the values of nodes with room has. */
  readonly fewest?: number | undefined
}

/** A value is refused: the limit, of siblings or of groups, and how many there are already. */
export interface DistributionRefusal {
  readonly limit: number
  readonly count: number
}

/** No sibling may be on a node with the same value. */
export function refusesUnique(value: string, { siblings }: Distribution): DistributionRefusal | undefined {
  return refusesMaxPer(value, 1, siblings)
}

/** At most `limit` siblings, this one included, may share a value. */
export function refusesMaxPer(
  value: string,
  limit: number,
  siblings: SiblingCounts,
): DistributionRefusal | undefined {
  const count = siblings.counts.get(value) ?? 0
  return count < limit ? undefined : { limit, count }
}

/** All siblings must share the value of the one placed first. */
export function refusesCluster(value: string, { siblings }: Distribution): DistributionRefusal | undefined {
  if (siblings.total === 0 || siblings.first === value) return undefined
  const count = siblings.counts.get(value) ?? 0
  return { limit: 0, count }
}

/**
 * Spreads `instances` evenly over `groups` values: each value gets ⌊instances/groups⌋, and the remainder goes
 * one each to those that ask first. A new value is taken only while there are fewer than `groups`; siblings
 * without the value are a group of their own. Without a number, when it is known where there is room, a value is
 * taken while no other value with room has fewer siblings: so full values never hold back those that have room.
 *
 * @param wanted number of groups; absent means the values that candidate nodes have
 */
export function refusesGroupBy(
  value: string,
  wanted: number | undefined,
  { siblings, instances, groups: seen, fewest }: Distribution,
): DistributionRefusal | undefined {
  if (wanted === undefined && fewest !== undefined) {
    const own = siblings.counts.get(value) ?? 0
    return own <= fewest ? undefined : { limit: fewest, count: own }
  }
  const known = siblings.counts.size + (siblings.withoutValue > 0 ? 1 : 0)
  const count = siblings.counts.get(value)
  const groups = wanted ?? Math.max(1, seen ?? known + (count === undefined ? 1 : 0))
  if (count === undefined) {
    return known < groups ? undefined : { limit: groups, count: known }
  }
  const share = Math.floor(instances / groups)
  let remainder = instances % groups
  for (const size of siblings.counts.values()) remainder -= Math.max(0, size - share)
  remainder -= Math.max(0, siblings.withoutValue - share)
  if (count < share || (count === share && remainder > 0)) return undefined
  return { limit: share, count }
}
