import { compareText, parseIntOrPercent } from '../core/internal.js'
import type { Goal, Roles } from './goal.js'
import { totalOf } from './goal.js'
import type { Tally } from './move.js'
import type { Waypoint } from './program.js'

/** Share of the traffic of one template; shares are relative to their sum. */
export interface TrafficWeight {
  readonly template: string
  readonly weight: number
}

/** How the traffic is divided now. */
export interface TrafficView {
  /** Undefined while nothing divides it: then every instance that serves gets some. */
  readonly weights?: readonly TrafficWeight[]
  /** False while something may still send traffic by what was there before. */
  readonly acknowledged: boolean
}

/** What a step does about traffic. */
export interface Steering {
  /** The sizes that are wanted, with what the traffic still needs. */
  readonly goal: Goal
  /** Weights to set; undefined to leave them. */
  readonly weights?: readonly TrafficWeight[]
  /** Instances that the waypoint asks for in the end. */
  readonly asked: number
  /** Whether the traffic is where the waypoint wants it, and everything that divides it knows. */
  readonly isThere: boolean
}

/** Where a waypoint wants the traffic, and what there is. */
export interface SteeringInput {
  readonly waypoint: Waypoint
  readonly roles: Roles
  readonly desired: number
  /** So many instances are the whole of the traffic: a weight `w` needs `⌈w · base⌉` of them available. */
  readonly base: number
  readonly sets: readonly Tally[]
  readonly traffic: TrafficView
}

const WHOLE = 1_000_000

/**
 * Divides the traffic, in the order: grow, available, route, acknowledged, shrink. A template gets weight `w` only once
 * `⌈w · base⌉` of it are available, and keeps as many as its weight needs until that is lowered and acknowledged. On
 * the way weights move towards what is wanted and never away from it, so that flapping moves nothing.
 *
 * Where fewer than `base` are available among the new template, the stable one and those that have traffic, these share
 * it as they are: a template that was superseded before it got any gets none.
 */
export function steer(input: SteeringInput, goal: Goal): Steering {
  const { roles, sets, traffic, base } = input
  const { next, stable = next } = roles
  const { weights } = traffic
  if (weights === undefined && stable !== next) {
    // Otherwise the first new instance would get its part at once.
    return {
      goal: asTheyAre(goal, sets),
      asked: 0,
      weights: [{ template: stable, weight: 100 }],
      isThere: false,
    }
  }
  const wanted = stable === next ? WHOLE : shareOf(input.waypoint, input.desired)
  const target = weightsOf(roles, wanted, WHOLE)
  const isRouted = weights !== undefined && isSame(weights, target)
  if (weights !== undefined && !traffic.acknowledged) {
    // Who does not follow yet may send traffic by what was before: what has none must not come, and nothing must go.
    const hasPart = (template: string): boolean =>
      weights.some(one => one.template === template && one.weight > 0)
    const held = [...asTheyAre(goal, sets)].map(([template, size]) => {
      return [template, hasPart(template) ? Math.max(size, goal.get(template) ?? 0) : size] as const
    })
    const back = isRouted ? undefined : nearer(input, wanted)
    // What takes traffic from the new template waits for none of that: nothing leaves before it is followed.
    const isBack = back !== undefined && fractionOf(back, next) < fractionOf(weights, next) - 1e-9
    return { goal: new Map(held), asked: 0, isThere: false, ...(isBack ? { weights: back } : {}) }
  }
  const asked = askedBy(input, goal, target)
  const kept = new Map(asked)
  for (const [template, size] of neededBy(weights ?? [], base)) {
    const set = sets.find(one => one.template === template)
    if (set !== undefined) kept.set(template, Math.max(Math.min(size, set.size), kept.get(template) ?? 0))
  }
  const sum = totalOf(asked)
  if (isRouted) return { goal: kept, asked: sum, isThere: true }
  const route = nearer(input, wanted)
  return { goal: kept, asked: sum, isThere: false, ...(route === undefined ? {} : { weights: route }) }
}

/** Sizes that are kept, and what the present division of the traffic needs beside them: it is not changed. */
export function served(kept: Goal, base: number, view: Pick<SteeringInput, 'sets' | 'traffic'>): Goal {
  const { weights = [], acknowledged } = view.traffic
  const goal = new Map(kept)
  const atLeast = (template: string, size: number): void => {
    goal.set(template, Math.max(size, goal.get(template) ?? 0))
  }
  for (const [template, size] of neededBy(weights, base)) atLeast(template, size)
  if (!acknowledged) for (const { template, size } of view.sets) atLeast(template, size)
  return goal
}

/** The templates of which fewer are requested than their part of the traffic needs. */
export function tooFew(
  base: number,
  { sets, traffic }: Pick<SteeringInput, 'sets' | 'traffic'>,
): readonly string[] {
  const sizes = new Map(sets.map(({ template, size }) => [template, size]))
  return neededBy(traffic.weights ?? [], base)
    .filter(([template, size]) => size > (sizes.get(template) ?? 0))
    .map(([template]) => template)
}

/** The sizes that the waypoint wants in the end: its own, and what its division of the traffic needs. */
function askedBy(
  { roles, base, waypoint, desired }: SteeringInput,
  goal: Goal,
  target: readonly TrafficWeight[],
): Goal {
  const { next, stable = next } = roles
  const asked = new Map(goal)
  const needed = new Map(neededBy(target, base))
  asked.set(next, Math.max(needed.get(next) ?? 0, goal.get(next) ?? 0))
  if (stable === next) return asked
  // Where the rest is stable's, it is the rest of what next gets.
  const rest = desired - (asked.get(next) ?? 0)
  const own = goal.get(stable) ?? 0
  asked.set(
    stable,
    Math.max(needed.get(stable) ?? 0, waypoint.stable === undefined ? Math.min(own, rest) : own),
  )
  return asked
}

/** Instances that a division of the traffic needs, per template. */
function neededBy(weights: readonly TrafficWeight[], base: number): readonly (readonly [string, number])[] {
  const sum = weights.reduce((total, { weight }) => total + weight, 0)
  if (sum === 0) return []
  return weights.map(({ template, weight }) => [template, Math.ceil((weight * base) / sum - 1e-9)])
}

/**
 * The division nearest to the wanted one that is available; undefined when it is no nearer than the present one. In units
 * of instances: the new template gets what is wanted, the stable one the rest, others keep what neither can take.
 */
function nearer(input: SteeringInput, wanted: number): readonly TrafficWeight[] | undefined {
  const { roles, sets, base, traffic } = input
  const { next, stable = next } = roles
  // With no capacity to keep, as in a recreation, the traffic goes where it is wanted.
  if (base === 0) return weightsOf(roles, wanted, WHOLE)
  const others = holdersBesides(roles, traffic)
  const free = new Map(sets.map(({ template, available }) => [template, available]))
  const all = [...new Set([next, stable, ...others])]
  const whole = Math.min(
    base,
    all.reduce((sum, template) => sum + (free.get(template) ?? 0), 0),
  )
  if (whole === 0) return undefined
  const units = new Map<string, number>()
  let left = whole
  const give = (template: string, most: number): void => {
    const taken = Math.max(0, Math.min(left, most, free.get(template) ?? 0))
    left -= taken
    free.set(template, (free.get(template) ?? 0) - taken)
    if (taken > 0) units.set(template, (units.get(template) ?? 0) + taken)
  }
  const aim = (wanted * whole) / WHOLE
  const isExact = whole === base && aim <= (free.get(next) ?? 0) && whole - aim <= (free.get(stable) ?? 0)
  give(next, Math.floor(aim))
  for (const template of [stable, ...others, next]) give(template, left)
  const route = isExact
    ? weightsOf(roles, wanted, WHOLE)
    : [...units].map(([template, weight]) => ({ template, weight }))
  return isNearer(route, traffic.weights ?? [], { roles, wanted: wanted / WHOLE }) ? route : undefined
}

/** Less at templates that are neither; or as much, and the new template's part closer to what is wanted. */
function isNearer(
  route: readonly TrafficWeight[],
  present: readonly TrafficWeight[],
  { roles: { next, stable = next }, wanted }: { readonly roles: Roles; readonly wanted: number },
): boolean {
  const foreign = (weights: readonly TrafficWeight[]): number =>
    weights.length === 0
      ? 1
      : 1 - fractionOf(weights, next) - (stable === next ? 0 : fractionOf(weights, stable))
  const distance = (weights: readonly TrafficWeight[]): number => Math.abs(fractionOf(weights, next) - wanted)
  const less = foreign(present) - foreign(route)
  return less > 1e-9 || (less > -1e-9 && distance(route) < distance(present) - 1e-9)
}

function holdersBesides({ next, stable }: Roles, { weights = [] }: TrafficView): readonly string[] {
  const others = weights.filter(
    ({ template, weight }) => template !== next && template !== stable && weight > 0,
  )
  return others
    .sort((a, b) => b.weight - a.weight || compareText(a.template, b.template))
    .map(({ template }) => template)
}

function weightsOf({ next, stable = next }: Roles, part: number, whole: number): readonly TrafficWeight[] {
  const percent = (amount: number): number => (whole === WHOLE ? amount / 10_000 : amount)
  if (stable === next || part === whole) return [{ template: next, weight: percent(whole) }]
  if (part === 0) return [{ template: stable, weight: percent(whole) }]
  return [
    { template: stable, weight: percent(whole - part) },
    { template: next, weight: percent(part) },
  ]
}

function fractionOf(weights: readonly TrafficWeight[], template: string): number {
  const sum = weights.reduce((total, { weight }) => total + weight, 0)
  const own = weights.reduce((total, one) => total + (one.template === template ? one.weight : 0), 0)
  return sum === 0 ? 0 : own / sum
}

function isSame(weights: readonly TrafficWeight[], others: readonly TrafficWeight[]): boolean {
  const names = new Set([...weights, ...others].map(({ template }) => template))
  return [...names].every(name => Math.abs(fractionOf(weights, name) - fractionOf(others, name)) < 1e-9)
}

/** The part of the traffic that a waypoint wants for the new template, in millionths: its own, or that of instances. */
function shareOf({ route, next }: Waypoint, desired: number): number {
  const amount = parseIntOrPercent(route ?? next, 'waypoints.route')
  if (amount.kind === 'share') return Math.min(WHOLE, amount.millionths)
  return desired === 0 ? 0 : Math.min(WHOLE, Math.floor((amount.count * WHOLE) / desired))
}

/** While it is not known who follows which division, nothing is taken away. */
function asTheyAre(goal: Goal, sets: readonly Tally[]): Goal {
  const sizes = new Map(sets.map(set => [set.template, set.size]))
  for (const template of goal.keys()) if (!sizes.has(template)) sizes.set(template, 0)
  return sizes
}
