import { compareText } from '../../src/core/internal.js'
import type { Blocker, Move, MoveInput } from '../../src/rollout/index.js'

interface Instances {
  readonly template: string
  readonly goal: number
  dead: number
  /** Live and not available. */
  unready: number
  available: number
  readonly stopping: number
  readonly observed: boolean
  /** Asked for in this step. */
  fresh: number
}

const sizeOf = ({ dead, unready, available, fresh }: Instances): number => dead + unready + available + fresh

/**
 * The slow obvious way: one instance after the other, with everything counted again before each. It may start one while
 * fewer are asked for than the ceiling; what is dead goes; one that does not work goes while the others are more than
 * the floor and those that are waited for, those of what is not awaited aside; one that works goes while more than the floor do; and one that does not work
 * goes while more are asked for than the ceiling.
 */
export function moveOneByOne(input: MoveInput): Move {
  const goalOf = (template: string): number => input.goal.get(template) ?? 0
  const sets: Instances[] = input.sets.map(
    ({ template, size, available, dead = 0, stopping = 0, observed }) => ({
      template,
      goal: goalOf(template),
      dead,
      unready: size - dead - available,
      available,
      stopping,
      observed: observed !== false,
      fresh: 0,
    }),
  )
  const byName = sets.toSorted((a, b) => compareText(a.template, b.template))
  const { ceil } = input.bounds
  const isAwaited = (set: Instances): boolean =>
    sizeOf(set) <= set.goal && input.notAwaited?.includes(set.template) !== true
  const count = (of: (set: Instances) => number): number => sets.reduce((sum, set) => sum + of(set), 0)
  const awaited = new Set(sets.filter(isAwaited))
  const waitedFor = count(set => (awaited.has(set) ? set.dead + set.unready : 0))
  const unreadyAtFirst = byName.map(set => ({ ...set, size: sizeOf(set) }))
  const blockers: Blocker[] = []
  const isLeaving = (set: Instances): boolean => set.goal === 0
  const left = count(set => (isLeaving(set) ? sizeOf(set) + set.stopping : 0))
  const isUnknown = sets.some(set => isLeaving(set) && !set.observed)
  if (input.barrier === true && (left > 0 || isUnknown)) {
    blockers.push({ kind: 'barrier', count: left === 0 ? 1 : left })
  } else {
    for (const template of input.grow) {
      const known = sets.find(set => set.template === template)
      const empty = { goal: goalOf(template), dead: 0, unready: 0, available: 0, stopping: 0, fresh: 0 }
      const set = known ?? { template, observed: true, ...empty }
      const all = (): number =>
        count(each => sizeOf(each) + (input.countStopping === true ? each.stopping : 0))
      while (sizeOf(set) < set.goal && all() < ceil) {
        set.fresh += 1
        if (!sets.includes(set)) sets.push(set)
      }
      if (sizeOf(set) < set.goal) blockers.push({ kind: 'ceiling', template, live: all(), ceil })
    }
  }
  const blind = byName.filter(({ observed }) => !observed)
  for (const { template } of blind) blockers.push({ kind: 'unobserved', template })
  if (blind.length === 0) takeAway(input, sets, waitedFor, blockers)
  for (const { template, goal, size, available } of unreadyAtFirst)
    if (Math.min(goal, size) > available)
      blockers.push({ kind: 'unready', template, count: Math.min(goal, size) - available })
  return { sizes: new Map(sets.map(set => [set.template, sizeOf(set)])), blockers }
}

function takeAway(
  input: MoveInput,
  sets: readonly Instances[],
  waitedFor: number,
  blockers: Blocker[],
): void {
  const { floor, ceil } = input.bounds
  const old = sets.map(set => ({ set, before: sizeOf(set) - set.fresh }))
  const inOrder = input.shrink.flatMap(template => sets.filter(set => set.template === template))
  const leaving = inOrder.filter(set => sizeOf(set) > set.goal)
  const available = sets.reduce((sum, set) => sum + set.available, 0)
  // What is dead counts as asked for until it is gone, and its place with it.
  const live = old.reduce((sum, { before }) => sum + before, 0)
  let gone = 0
  for (const set of leaving) {
    while (sizeOf(set) > set.goal && set.dead > 0) set.dead -= 1
    while (sizeOf(set) > set.goal && set.unready > 0 && live - gone > floor + waitedFor) {
      set.unready -= 1
      gone += 1
    }
  }
  for (const set of leaving) {
    while (
      sizeOf(set) > set.goal &&
      sets.reduce((sum, each) => sum + each.available, 0) > floor &&
      set.available > 0
    )
      set.available -= 1
    if (sizeOf(set) > set.goal) blockers.push({ kind: 'floor', template: set.template, available, floor })
  }
  for (const set of inOrder.toReversed()) {
    const isAbove = (): boolean => sets.reduce((sum, each) => sum + sizeOf(each), 0) > ceil
    while (isAbove() && set.dead + set.unready + set.fresh > 0) {
      if (set.dead > 0) set.dead -= 1
      else if (set.unready > 0) set.unready -= 1
      else set.fresh -= 1
    }
  }
}
