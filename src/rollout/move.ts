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
  /** Templates of which what is not available is not waited for, such as one that has worked and may come back. Default: none. */
  readonly notAwaited?: readonly string[]
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

/** A template on its way: what is known of it, what is wanted, and the size that it gets. */
interface Row extends Required<Tally> {
  readonly goal: number
  after: number
}

interface Totals {
  readonly live: number
  readonly available: number
  readonly stopping: number
  /** Not available, in sets that are to stay or grow and are waited for. */
  readonly unready: number
  /** Live or stopping, in sets that are to go. */
  readonly leaving: number
}

/**
 * Walks one step from the view to the goal inside the bounds. Pure; cost is the number of templates.
 *
 * Guarantees, with A = Σ available, L = Σ size: `A' ≥ min(A, floor)`; `L' ≤ max(L, ceil)`; no set grows beyond its
 * goal, or shrinks below it while `L ≤ ceil`; never both; the result does not depend on the order of `sets`.
 *
 * In order: grow within the room below the ceiling; drop what is dead; drop what is not available, as long as
 * `L − floor − unready(kept, but for what is not awaited)` allows it, so that a template which never becomes
 * available cannot use up the old one's capacity; drop what is available above the floor; above the ceiling, which was lowered then, drop what is not
 * available, whatever its goal, last to shrink first. Relies on an executor that, when it shrinks a set,
 * stops unavailable instances before available ones.
 */
export function move(input: MoveInput): Move {
  const rows = new Map(input.sets.map(set => [set.template, rowOf(input, set)]))
  const known = [...rows.values()].sort((a, b) => compareText(a.template, b.template))
  const blockers: Blocker[] = []
  const totals = tally(known, input)
  const unobserved = known.filter(({ observed }) => !observed)
  const isBarred = totals.leaving > 0 || unobserved.some(({ goal }) => goal === 0)
  if (input.barrier === true && isBarred) {
    blockers.push({ kind: 'barrier', count: Math.max(totals.leaving, 1) })
  } else {
    grow(input, totals, { rows, blockers })
  }
  for (const { template } of unobserved) blockers.push({ kind: 'unobserved', template })
  if (unobserved.length === 0) shrink(input, totals, { rows, blockers })
  for (const { template, size, goal, available } of known) {
    const count = Math.min(size, goal) - available
    if (count > 0) blockers.push({ kind: 'unready', template, count })
  }
  return { sizes: new Map([...rows.values()].map(({ template, after }) => [template, after])), blockers }
}

interface Working {
  readonly rows: Map<string, Row>
  readonly blockers: Blocker[]
}

function rowOf({ goal }: MoveInput, set: Tally): Row {
  const { template, size } = set
  return {
    template,
    size,
    available: set.available,
    dead: set.dead ?? 0,
    stopping: set.stopping ?? 0,
    observed: set.observed !== false,
    goal: goal.get(template) ?? 0,
    after: size,
  }
}

function tally(rows: readonly Row[], { notAwaited = [] }: MoveInput): Totals {
  const sum = (count: (row: Row) => number): number => rows.reduce((total, row) => total + count(row), 0)
  return {
    live: sum(({ size }) => size),
    available: sum(({ available }) => available),
    stopping: sum(({ stopping }) => stopping),
    unready: sum(({ template, size, available, goal }) =>
      goal >= size && !notAwaited.includes(template) ? size - available : 0,
    ),
    leaving: sum(({ size, stopping, goal }) => (goal === 0 ? size + stopping : 0)),
  }
}

function grow(input: MoveInput, totals: Totals, { rows, blockers }: Working): void {
  const { ceil } = input.bounds
  let live = totals.live + (input.countStopping === true ? totals.stopping : 0)
  for (const template of input.grow) {
    const row = rows.get(template) ?? rowOf(input, { template, size: 0, available: 0 })
    const missing = row.goal - row.size
    const step = Math.max(0, Math.min(missing, ceil - live))
    live += step
    row.after += step
    if (step > 0) rows.set(template, row)
    if (step < missing) blockers.push({ kind: 'ceiling', template, live, ceil })
  }
}

function shrink(input: MoveInput, totals: Totals, { rows, blockers }: Working): void {
  const { floor, ceil } = input.bounds
  let replaceable = totals.live - floor - totals.unready
  let spare = totals.available - floor
  const excess = ({ after, goal }: Row): number => after - goal
  const drop = (row: Row, most: number): number => {
    const count = Math.max(0, Math.min(excess(row), most))
    row.after -= count
    return count
  }
  const leaving = input.shrink.flatMap(template => rows.get(template) ?? [])
  for (const row of leaving) {
    drop(row, row.dead)
    replaceable -= drop(row, Math.min(row.size - row.dead - row.available, replaceable))
  }
  for (const row of leaving) {
    spare -= drop(row, Math.min(row.available, spare))
    if (excess(row) > 0)
      blockers.push({ kind: 'floor', template: row.template, available: totals.available, floor })
  }
  let above = [...rows.values()].reduce((sum, { after }) => sum + after, 0) - ceil
  for (const row of leaving.toReversed()) {
    const count = Math.max(0, Math.min(row.after - row.available, above))
    row.after -= count
    above -= count
  }
}
