import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { FilterReason } from '../plugins/plugin.js'
import type { Scheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import { placedTasks } from './placed-tasks.js'
import type { PlannedMove } from './planned-move.js'

/** Options of {@link planRebalance}. */
export interface RebalanceOptions {
  /** Most moves; a whole number of at least 0. Default 10. */
  readonly maxMoves?: number
  /** By how much the score of a task's node must rise for a move to be worth it. Default 1. */
  readonly minGain?: number
  /** Whether a task may be moved. Default: each. */
  readonly mayMove?: (key: string) => boolean
}

/** Moves that make placements better. */
export interface RebalancePlan {
  /** Those that gain most first, each with the ones before it done. */
  readonly moves: readonly (PlannedMove & { readonly gain: number })[]
  /** Why it ends there: nothing is worth a move, or as many as may be. */
  readonly reason: 'NoBetterPlace' | 'MaxMoves'
}

/** A task that is where it would not be placed now. */
export interface PlacementViolation {
  readonly key: string
  readonly node: string
  readonly reasons: readonly FilterReason[]
}

const REBALANCE_OPTIONS = /* @__PURE__ */ knownOptions<RebalanceOptions>('planRebalance', {
  maxMoves: true,
  minGain: true,
  mayMove: true,
})

/**
 * Which tasks would be better off elsewhere, by the very scores that place them: again and again the move that gains
 * most; of equals that of the lowest key. A task whose node no longer lets it on gains infinitely. Nothing is moved.
 */
export function planRebalance(scheduler: Scheduler, options: RebalanceOptions = {}): RebalancePlan {
  assertKnown(options, REBALANCE_OPTIONS)
  const { maxMoves = 10, minGain = 1, mayMove = () => true } = options
  assertValid('rebalance', wholeNumber('maxMoves', maxMoves))
  const copy = scheduler.fork()
  const moves: (PlannedMove & { gain: number })[] = []
  while (moves.length < maxMoves) {
    const best = bestMove(copy, minGain, key => mayMove(key) && !moves.some(move => move.key === key))
    if (best === undefined) return { moves, reason: 'NoBetterPlace' }
    const task = copy.task(best.key) as TaskPlacement
    copy.addTask({ ...task, node: best.to })
    moves.push(best)
  }
  return { moves, reason: 'MaxMoves' }
}

function bestMove(
  copy: Scheduler,
  minGain: number,
  mayMove: (key: string) => boolean,
): (PlannedMove & { gain: number }) | undefined {
  let best: (PlannedMove & { gain: number }) | undefined
  for (const task of placedTasks(copy)) {
    if (!mayMove(task.key)) continue
    const { node: from, ...request } = task
    copy.removeTask(task.key)
    const stays = copy.scoreOn(request, from)
    const result = copy.place(request)
    copy.removeTask(task.key)
    copy.addTask(task)
    if (result.kind === 'unschedulable' || result.node === from) continue
    const gain = stays === undefined ? Number.POSITIVE_INFINITY : result.score - stays
    if (gain >= minGain && (best === undefined || gain > best.gain))
      best = { key: task.key, from, to: result.node, gain }
  }
  return best
}

/** Tasks that the filters would not put where they are, each with the others in place. */
export function findViolations(scheduler: Scheduler): readonly PlacementViolation[] {
  const copy = scheduler.fork()
  return placedTasks(copy).flatMap(task => {
    const { node, ...request } = task
    copy.removeTask(task.key)
    const isFine = copy.fits(request, node)
    const reasons = isFine ? [] : copy.refusalsOn(request, node)
    copy.addTask(task)
    return isFine ? [] : [{ key: task.key, node, reasons }]
  })
}

/**
 * Which of these tasks to remove when fewer are wanted: again and again the one that is worst off where it is, by the
 * filters and scores that place tasks; of equals the one with the highest key. Keys that are not placed are passed over.
 *
 * @throws InvalidError when the count is not a whole number of at least 0
 */
export function pickRemovals(
  scheduler: Scheduler,
  keys: readonly string[],
  count: number,
): readonly string[] {
  assertValid('removals', wholeNumber('count', count))
  const copy = scheduler.fork()
  const picked: string[] = []
  const left = new Set(keys)
  while (picked.length < count && left.size > 0) {
    let worst: { readonly key: string; readonly score: number } | undefined
    for (const key of [...left].sort().reverse()) {
      const task = copy.task(key)
      if (task === undefined) continue
      const { node, ...request } = task
      copy.removeTask(key)
      const score = copy.scoreOn(request, node) ?? Number.NEGATIVE_INFINITY
      copy.addTask(task)
      if (worst === undefined || score < worst.score) worst = { key, score }
    }
    if (worst === undefined) break
    copy.removeTask(worst.key)
    left.delete(worst.key)
    picked.push(worst.key)
  }
  return picked
}
