import type { IntOrPercent } from '../core/internal.js'
import { compareText, resolveIntOrPercent } from '../core/internal.js'
import type { Bounds } from './budget.js'
import type { Tally } from './move.js'
import type { Waypoint } from './program.js'

/** Wanted sizes by template. */
export type Goal = ReadonlyMap<string, number>

/** Who is who in a rollout. `stable` is absent while nothing has succeeded, and may be `next` itself. */
export interface Roles {
  readonly next: string
  readonly stable?: string
}

/**
 * The distribution that a waypoint asks for: its share on `next`; its own share, or the rest, on `stable`; nothing
 * elsewhere. With nothing stable there is no share to take, but a waypoint before the first instance.
 */
export function waypointGoal(waypoint: Waypoint, desired: number, { next, stable }: Roles): Goal {
  const shareOf = (value: IntOrPercent, field: string): number =>
    Math.min(desired, resolveIntOrPercent(value, desired, { rounding: 'up', field }))
  const count = shareOf(waypoint.next, 'waypoints.next')
  if (stable === next) return new Map([[next, desired]])
  if (stable === undefined) return new Map([[next, waypoint.next === 0 ? 0 : desired]])
  const kept = waypoint.stable === undefined ? desired - count : shareOf(waypoint.stable, 'waypoints.stable')
  return new Map([
    [next, count],
    [stable, kept],
  ])
}

/**
 * The goal, as far as what is available allows. While availability is below the floor and `next` is not about to fill it
 * (none of it yet, not all of it available, or no more of it wanted), `stable` grows to what the floor lacks before
 * anything else does, and the others give up what is not available where that needs their room, `next` last; stale ones
 * where `next` needs it, too. Kubernetes shares a scale-up in proportion, so that a broken revision keeps the floor from
 * being met (kubernetes#87199).
 */
export function availabilityFirst(
  goal: Goal,
  sets: readonly Tally[],
  { next, stable }: Roles,
  { floor, ceil }: Bounds,
): Goal {
  if (stable === undefined || stable === next) return goal
  const setOf = (template: string): Pick<Tally, 'size' | 'available'> =>
    sets.find(set => set.template === template) ?? { size: 0, available: 0 }
  const goalOf = (template: string): number => goal.get(template) ?? 0
  const available = sets.reduce((sum, set) => sum + set.available, 0)
  const { size, available: works } = setOf(next)
  const fillsTheFloor = size > 0 && works === size && size < goalOf(next)
  if (available >= floor || fillsTheFloor) return goal
  const lacking = floor - available + setOf(stable).available
  const wanted = goalOf(stable)
  // With more wanted than there is room for, as the traffic may, `stable` may not come to its size.
  if (lacking <= wanted && totalOf(goal) <= ceil) return goal
  const restored = new Map(goal).set(stable, Math.max(lacking, wanted))
  const room = Math.max(0, ceil - sets.reduce((sum, set) => sum + set.size, 0))
  // Both may work when nothing stale does; the new one makes room for the stable one alone.
  let ceded = lacking - setOf(stable).size - room
  const toGrow = Math.max(0, goalOf(next) - size)
  const stale = [...goal.keys()].filter(template => template !== stable && template !== next).sort()
  for (const template of [...stale, next]) {
    const set = setOf(template)
    const needed = template === next ? ceded : ceded + toGrow
    if (needed <= 0) continue
    const kept = Math.max(set.available, set.size - needed)
    restored.set(template, Math.min(goalOf(template), kept))
    ceded -= set.size - kept
  }
  return restored
}

/** All instances that a goal asks for. */
export function totalOf(goal: Goal): number {
  return [...goal.values()].reduce((sum, size) => sum + size, 0)
}

/** What a paused or halted rollout keeps: the sizes at the time it stopped, and the count they were meant for. */
export interface HeldGoal {
  readonly desired: number
  readonly sizes: Readonly<Record<string, number>>
}

/** Freezes the current sizes. */
export function hold(sets: readonly Tally[], desired: number): HeldGoal {
  const live = sets.filter(set => set.size > 0).map(set => [set.template, set.size] as const)
  return { desired, sizes: Object.fromEntries(live.sort(([a], [b]) => compareText(a, b))) }
}

/**
 * A frozen distribution for another desired count: the total moves by the difference, inside the bounds, and each
 * template keeps its share of it (largest remainder, ties to `stable`, then by name). With nothing to scale,
 * everything goes to `stable`, or to `next` when there is none.
 */
export function rescale(
  held: HeldGoal,
  desired: number,
  roles: Roles & { readonly most: number; readonly least: number },
): HeldGoal {
  if (held.desired === desired) return held
  const entries = Object.entries(held.sizes)
  const before = entries.reduce((sum, [, size]) => sum + size, 0)
  const after = Math.min(roles.most, Math.max(roles.least, before + desired - held.desired))
  if (before === 0) return { desired, sizes: { [roles.stable ?? roles.next]: after } }
  const shares = entries.map(([template, size]) => {
    const rest = (size * after) % before
    return { template, rest, size: (size * after - rest) / before }
  })
  let missing = after - shares.reduce((sum, share) => sum + share.size, 0)
  const rank = (template: string): number => (template === roles.stable ? 0 : 1)
  shares.sort(
    (a, b) => b.rest - a.rest || rank(a.template) - rank(b.template) || compareText(a.template, b.template),
  )
  const sizes = shares.map(share => {
    const extra = missing > 0 ? 1 : 0
    missing -= extra
    return [share.template, share.size + extra] as const
  })
  return { desired, sizes: Object.fromEntries(sizes.sort(([a], [b]) => compareText(a, b))) }
}
