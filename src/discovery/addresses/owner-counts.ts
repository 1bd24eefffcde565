import { compareText } from '../../core/internal.js'
import type { OwnerShare } from './address-errors.js'

/** One who holds something: what it holds points here, so that no name is looked up when it lets go. */
export interface Holder {
  readonly owner: string
}

/** How much each owner holds, and who holds most, in O(1). */
export interface OwnerCounts {
  /** One more for the owner. */
  add(owner: string): Holder
  /** One less. */
  remove(holder: Holder): void
  /** Those with most, largest first. */
  top(): readonly OwnerShare[]
}

/** A holder in the list of those with as much. */
interface Listed extends Holder {
  level: Level
  before: Listed | undefined
  after: Listed | undefined
}

/** Those who hold `count`. Levels are a ring in the order of their counts, in which 0 follows the largest. */
class Level {
  readonly count: number
  lower: Level = this
  higher: Level = this
  first: Listed | undefined

  constructor(count: number) {
    this.count = count
  }

  /** The level of this count, which is next to this one. */
  next(count: number): Level {
    const [lower, higher] = count > this.count ? [this, this.higher] : [this.lower, this]
    const there = count > this.count ? higher : lower
    if (there.count === count) return there
    const level = new Level(count)
    level.lower = lower
    level.higher = higher
    lower.higher = level
    higher.lower = level
    return level
  }

  leave(): void {
    this.lower.higher = this.higher
    this.higher.lower = this.lower
  }
}

const TOP_OWNERS_SHOWN = 5

/** @param shown how many `top` gives; default 5 */
export function createOwnerCounts(shown: number = TOP_OWNERS_SHOWN): OwnerCounts {
  const holders = new Map<string, Listed>()
  /** Of those who hold nothing; it keeps none of them. */
  const ground = new Level(0)
  /** Until a count changes. */
  let known: readonly OwnerShare[] | undefined
  return {
    add: owner => {
      known = undefined
      const held = holders.get(owner)
      const holder = held ?? { owner, level: ground, before: undefined, after: undefined }
      if (held === undefined) holders.set(owner, holder)
      moveTo(holder, holder.level.next(holder.level.count + 1))
      return holder
    },
    remove: holder => {
      known = undefined
      const listed = holder as Listed
      moveTo(listed, listed.level.next(listed.level.count - 1))
      if (listed.level === ground) holders.delete(listed.owner)
    },
    top: () => (known ??= largest(ground, shown)),
  }
}

function moveTo(holder: Listed, level: Level): void {
  const { level: from, before, after } = holder
  if (before !== undefined) before.after = after
  else if (from.first === holder) from.first = after
  if (after !== undefined) after.before = before
  if (from.first === undefined && from.count > 0) from.leave()
  holder.level = level
  holder.before = undefined
  holder.after = level.count === 0 ? undefined : level.first
  if (level.count === 0) return
  if (level.first !== undefined) level.first.before = holder
  level.first = holder
}

function largest(ground: Level, shown: number): readonly OwnerShare[] {
  const found: OwnerShare[] = []
  for (let level = ground.lower; level !== ground && found.length < shown; level = level.lower) {
    const { count } = level
    const owners: string[] = []
    for (let at = level.first; at !== undefined && found.length + owners.length < shown; at = at.after)
      owners.push(at.owner)
    found.push(...owners.sort(compareText).map(owner => ({ owner, count })))
  }
  return found
}
