import { compareText } from '../core/internal.js'
import type { Blocker } from './blocker.js'
import type { Bounds } from './budget.js'

/** What is known about the instances of one template. Counts are whole numbers ≥ 0. */
export interface Tally {
  /** Content hash of the template, or any other text that names it. */
  readonly template: string
  /** How many are requested; includes `available` and `dead`, not `stopping`. */
  readonly size: number
  /** How many serve and have done so for long enough. */
  readonly available: number
  /** How many have ended for good and still count in `size`. Default 0. */
  readonly dead?: number
  /** How many are on their way out. Default 0. */
  readonly stopping?: number
  /** False while the other numbers may predate the last resize; then nothing is taken away. Default true. */
  readonly observed?: boolean
}

/** One step from the observed view towards a goal. */
export interface MoveInput {
  readonly sets: readonly Tally[]
  /** The wanted size per template; one that is not named is wanted at 0. */
  readonly goal: ReadonlyMap<string, number>
  readonly bounds: Bounds
  /** Revisions that may grow, first served first. */
  readonly grow: readonly string[]
  /** Revisions that may shrink, first to go first. */
  readonly shrink: readonly string[]
  /** Grow nothing before every template wanted at 0 is gone, stopping instances included. */
  readonly barrier?: boolean
  /** Count stopping instances against the ceiling. */
  readonly countStopping?: boolean
}

/** Absolute sizes after the step, and what keeps it from going further. */
export interface Move {
  readonly sizes: ReadonlyMap<string, number>
  readonly blockers: readonly Blocker[]
}

interface Totals {
  readonly live: number
  readonly available: number
  readonly stopping: number
  /** Not available, in sets that are to stay or grow. */
  readonly unready: number
  /** Live or stopping, in sets that are to go. */
  readonly leaving: number
  readonly blind: boolean
}

/**
 * Walks one step from the view to the goal inside the bounds. Pure; cost is the number of templates.
 *
 * Guarantees, with A = Σ available, L = Σ size: `A' ≥ min(A, floor)`; `L' ≤ max(L, ceil)`; no set grows beyond its
 * goal, or shrinks below it while `L ≤ ceil`; never both; the result does not depend on the order of `sets`.
 *
 * In order: grow within the room below the ceiling; drop what is dead; drop what is not available, as long as
 * `L − floor − unready(kept)` allows it, so that a template which never becomes available cannot use up the old
 * one's capacity; drop what is available above the floor; above the ceiling, which was lowered then, drop what is not
 * available, whatever its goal, last to shrink first. Relies on an executor that, when it shrinks a set,
 * stops unavailable instances before available ones.
 */
export function move(input: MoveInput): Move {
  const by = new Map(input.sets.map(set => [set.template, set]))
  const sizes = new Map(input.sets.map(set => [set.template, set.size]))
  const blockers: Blocker[] = []
  const totals = tally(input)
  const working = { by, sizes, blockers }
  if (input.barrier === true && totals.leaving > 0) {
    blockers.push({ kind: 'barrier', count: totals.leaving })
  } else {
    grow(input, totals, working)
  }
  if (totals.blind) {
    for (const { template } of sorted(input.sets.filter(set => set.observed === false)))
      blockers.push({ kind: 'unobserved', template })
  } else {
    shrink(input, totals, working)
  }
  const lacking = (set: Tally): number =>
    Math.min(set.size, input.goal.get(set.template) ?? 0) - set.available
  for (const set of sorted(input.sets.filter(set => lacking(set) > 0)))
    blockers.push({ kind: 'unready', template: set.template, count: lacking(set) })
  return { sizes, blockers }
}

interface Working {
  readonly by: ReadonlyMap<string, Tally>
  readonly sizes: Map<string, number>
  readonly blockers: Blocker[]
}

function tally(input: MoveInput): Totals {
  let live = 0
  let available = 0
  let stopping = 0
  let unready = 0
  let leaving = 0
  let blind = false
  for (const set of input.sets) {
    const goal = input.goal.get(set.template) ?? 0
    live += set.size
    available += set.available
    stopping += set.stopping ?? 0
    if (goal >= set.size) unready += set.size - set.available
    if (goal === 0) leaving += set.size + (set.stopping ?? 0)
    if (goal === 0 && set.observed === false) leaving = Math.max(leaving, 1)
    blind ||= set.observed === false
  }
  return { live, available, stopping, unready, leaving, blind }
}

function grow(input: MoveInput, totals: Totals, { by, sizes, blockers }: Working): void {
  const { ceil } = input.bounds
  let live = totals.live + (input.countStopping === true ? totals.stopping : 0)
  for (const template of input.grow) {
    const size = by.get(template)?.size ?? 0
    const missing = (input.goal.get(template) ?? 0) - size
    if (missing <= 0) continue
    const step = Math.max(0, Math.min(missing, ceil - live))
    live += step
    if (step > 0) sizes.set(template, size + step)
    if (step < missing) blockers.push({ kind: 'ceiling', template, live, ceil })
  }
}

function shrink(input: MoveInput, totals: Totals, { by, sizes, blockers }: Working): void {
  const { floor } = input.bounds
  let replaceable = totals.live - floor - totals.unready
  let spare = totals.available - floor
  const excess = (set: Tally): number => (sizes.get(set.template) ?? 0) - (input.goal.get(set.template) ?? 0)
  const drop = (set: Tally, most: number): number => {
    const count = Math.max(0, Math.min(excess(set), most))
    sizes.set(set.template, (sizes.get(set.template) ?? 0) - count)
    return count
  }
  const leaving: Tally[] = []
  for (const template of input.shrink) {
    const set = by.get(template)
    if (set !== undefined && excess(set) > 0) leaving.push(set)
  }
  for (const set of leaving) {
    const dead = set.dead ?? 0
    drop(set, dead)
    replaceable -= drop(set, Math.min(set.size - dead - set.available, replaceable))
  }
  for (const set of leaving) {
    spare -= drop(set, Math.min(set.available, spare))
    if (excess(set) > 0) {
      blockers.push({ kind: 'floor', template: set.template, available: totals.available, floor })
    }
  }
  let above = [...sizes.values()].reduce((sum, size) => sum + size, 0) - input.bounds.ceil
  for (const template of above > 0 ? input.shrink.toReversed() : []) {
    const set = by.get(template)
    if (set === undefined) continue
    const size = sizes.get(template) ?? 0
    const count = Math.max(0, Math.min(size - set.available, above))
    sizes.set(template, size - count)
    above -= count
  }
}

function sorted(sets: readonly Tally[]): readonly Tally[] {
  return sets.toSorted((a, b) => compareText(a.template, b.template))
}
