import type { FailureCause } from './failure-cause.js'
import type { Goal } from './goal.js'
import type { Tally } from './move.js'

/** What a gate says: pass, wait (until a time, when one is known), or fail. */
export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'wait'; readonly untilMs?: number }
  | { readonly kind: 'fail'; readonly cause: FailureCause }

/** Passes when every set has its goal size as far as its owner knows, and all that is wanted of `next` is available. */
export function goalReached(goal: Goal, sets: readonly Tally[], next: string): boolean {
  const sized = sets.every(
    ({ template, size, available, observed }) =>
      observed !== false && size === (goal.get(template) ?? 0) && (template !== next || available >= size),
  )
  return (
    sized && [...goal].every(([template, size]) => size === 0 || sets.some(set => set.template === template))
  )
}

/** Fails once `withinMs` have gone by since the last progress. */
export function progressWithin(withinMs: number, sinceMs: number, nowMs: number): Verdict {
  const untilMs = sinceMs + withinMs
  return nowMs >= untilMs ? { kind: 'fail', cause: 'deadline' } : { kind: 'wait', untilMs }
}

/** Fails when more than `maxFailures` instances have failed. */
export function failuresWithin(maxFailures: number, failed: number): Verdict {
  return failed > maxFailures ? { kind: 'fail', cause: 'failures' } : { kind: 'pass' }
}

/** How far a rollout has come; each number has its better direction. */
export interface Marks {
  /** Requested instances of the new template; more is further. */
  readonly size: number
  /** Available ones; more is further. */
  readonly available: number
  /** Requested instances of every other template; fewer is further. */
  readonly others: number
}

/** Reads the marks off a view. */
export function marksOf(sets: readonly Tally[], next: string): Marks {
  let others = 0
  for (const set of sets) if (set.template !== next) others += set.size
  const current = sets.find(set => set.template === next)
  return { size: current?.size ?? 0, available: current?.available ?? 0, others }
}

/**
 * The best of both, or `best` itself when `marks` beat it nowhere. Progress is a new best: an instance that comes
 * and goes makes progress once, so flapping cannot postpone a deadline without end.
 */
export function furthest(best: Marks, marks: Marks): Marks {
  const further = marks.size > best.size || marks.available > best.available || marks.others < best.others
  if (!further) return best
  return {
    size: Math.max(best.size, marks.size),
    available: Math.max(best.available, marks.available),
    others: Math.min(best.others, marks.others),
  }
}
