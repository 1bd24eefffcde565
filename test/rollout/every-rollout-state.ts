import type { Plan, Program, RolloutState, TrafficView } from '../../src/rollout/index.js'
import { describeBlocker, plan, resolveBudget, rolling } from '../../src/rollout/index.js'

/** How far a look at every state goes. */
export interface RolloutWorld {
  readonly program: Program
  /** Desired counts that it is scaled between. */
  readonly counts: readonly number[]
  /** Whether it divides the traffic of a Service. */
  readonly isDivided: boolean
}

interface Counts {
  readonly size: number
  readonly available: number
}

/** A rollout from `old` to `new`, and what people have said. */
interface State {
  readonly rollout: RolloutState | undefined
  readonly old: Counts
  readonly new: Counts
  readonly desired: number
  readonly paused: boolean
  readonly retries: number
  /** What the analysis said since the last retry. */
  readonly answer: 'pass' | 'fail' | undefined
  readonly traffic: TrafficView | undefined
}

const gates = [{ kind: 'analysis', name: 'errors' }] as const
const halfway = { steps: [{ next: '50%', gates }], onFailure: 'pause' } as const

export const worlds: readonly Omit<RolloutWorld, 'counts'>[] = [
  { maxSurge: 1, maxUnavailable: 0 },
  { maxSurge: 0, maxUnavailable: 1 },
  { maxSurge: '50%', maxUnavailable: '50%' },
].flatMap(bounds =>
  [false, true].map(isDivided => ({
    program: rolling({ ...bounds, ...halfway, progressWithinMs: Infinity }),
    isDivided,
  })),
)

/** An executor stops what is not available first. */
const sized = ({ available }: Counts, size: number): Counts => ({
  size,
  available: Math.min(available, size),
})
const none: Counts = { size: 0, available: 0 }
const kept = (state: State): number => state.old.available + state.new.available

function stepOf(
  { program }: RolloutWorld,
  state: State,
  aborted = false,
): { readonly after: State; readonly decided: Plan } {
  const { desired, paused, retries, answer, traffic } = state
  const spec = { template: 'new', stable: 'old', entry: 2, cause: 'update', program, aborted } as const
  const answers = answer === undefined ? [] : [{ gate: 'errors', answer, by: 'a', atMs: 0 }]
  const sets = [
    { template: 'old', ...state.old },
    { template: 'new', ...state.new },
  ]
  const view = { sets, ...(traffic === undefined ? {} : { traffic }) }
  const decided = plan({ ...spec, desired, paused, retries, answers }, state.rollout, view, 0)
  let after: State = { ...state, rollout: decided.state }
  for (const action of decided.actions) {
    if (action.op === 'size') {
      const side = action.template === 'old' ? 'old' : 'new'
      after = { ...after, [side]: sized(after[side], action.size) }
    }
    if (action.op === 'route') after = { ...after, traffic: { weights: action.weights, acknowledged: false } }
  }
  return { after, decided }
}

/** What may happen at any time. */
function* happenings(
  { counts }: RolloutWorld,
  state: State,
): Iterable<readonly [what: string, state: State]> {
  for (const side of ['old', 'new'] as const) {
    const { size, available } = state[side]
    if (available > 0) yield [`one ${side} fails`, { ...state, [side]: { size, available: available - 1 } }]
    if (available < size)
      yield [`one ${side} is available`, { ...state, [side]: { size, available: available + 1 } }]
  }
  yield [state.paused ? 'resumed' : 'paused', { ...state, paused: !state.paused }]
  for (const desired of counts)
    if (desired !== state.desired) yield [`scaled to ${desired}`, { ...state, desired }]
  if (state.answer === undefined) {
    yield ['the analysis passes', { ...state, answer: 'pass' }]
    yield ['the analysis fails', { ...state, answer: 'fail' }]
  }
  if (hasFailed(state) && !isAsked(state)) yield ['retried', retried(state)]
  if (state.traffic?.acknowledged === false) yield ['the traffic follows', acknowledged(state)]
}

const hasFailed = ({ rollout }: State): boolean => rollout?.failure?.entry === 2
/** Somebody has asked for another try, and no step has seen it yet. */
const isAsked = ({ rollout, retries }: State): boolean => retries > (rollout?.retries ?? 0)
const retried = (state: State): State => ({ ...state, retries: state.retries + 1, answer: undefined })
const acknowledged = (state: State): State =>
  state.traffic === undefined ? state : { ...state, traffic: { ...state.traffic, acknowledged: true } }

/** What the future depends on: no clock runs, and of the tries only whether the last has begun. */
function keyOf({ rollout, old, new: next, desired, paused, retries, answer, traffic }: State): string {
  const { phase, waypoint, atWaypoint, held, failure, pausedAtMs, desired: before } = rollout ?? {}
  const tried = retries - (rollout?.retries ?? 0)
  const about = [phase, waypoint, atWaypoint, held, failure?.cause, pausedAtMs, before, tried]
  return JSON.stringify([about, old, next, desired, paused, answer, traffic])
}

/** All is well from here on: what lifts every wait happens. */
function well(state: State): State {
  const healed = { ...acknowledged(state), old: healthy(state.old), new: healthy(state.new), paused: false }
  if (hasFailed(state)) return retried(healed)
  return { ...healed, answer: state.answer === 'fail' ? undefined : 'pass' }
}
const healthy = ({ size }: Counts): Counts => ({ size, available: size })

const arrived = ({ old, new: next, desired, rollout, traffic }: State): boolean =>
  old.size === 0 &&
  next.size === desired &&
  next.available === desired &&
  rollout?.phase === 'succeeded' &&
  (traffic?.weights?.every(({ template, weight }) => template === 'new' || weight === 0) ?? true)
const isBack = ({ old, new: next, desired, traffic }: State): boolean =>
  next.size === 0 &&
  old.size === desired &&
  old.available === desired &&
  (traffic?.weights?.every(({ template, weight }) => template === 'old' || weight === 0) ?? true)

/** Why it does not get there once all is well; undefined when it does. What is known to arrive is not walked again. */
function stuck(world: RolloutWorld, from: State, known: Set<string>, isWayBack: boolean): string | undefined {
  const path: string[] = []
  let state = from
  for (let round = 0; round < 100; round++) {
    const now = well(state)
    const key = keyOf(now)
    if (known.has(key)) break
    if (path.includes(key)) return `walks in a circle: ${key}`
    path.push(key)
    const { after, decided } = stepOf(world, now, isWayBack)
    if ((isWayBack ? isBack : arrived)(after)) break
    if (round === 99) return `not within 100 steps: ${decided.blockers.map(describeBlocker).join('; ')}`
    state = after
  }
  for (const key of path) known.add(key)
  return undefined
}

/** Whether the old template does not fill the floor when the new one breaks here; what a person has paused holds its sizes. */
function belowFloor(world: RolloutWorld, from: State, known: Set<string>): string | undefined {
  const path: string[] = []
  let state = from
  for (;;) {
    const now: State = {
      ...acknowledged(state),
      old: healthy(state.old),
      new: { ...state.new, available: 0 },
    }
    const isHeld = now.paused && !hasFailed(now)
    if (isHeld || now.rollout?.phase === 'succeeded') break
    const key = keyOf(now)
    if (known.has(key)) break
    const { after } = stepOf(world, now)
    if (path.at(-1) === key || path.length === 100) {
      const { floor } = resolveBudget(world.program.budget, now.desired)
      if (now.old.available < floor) return `stays at ${now.old.available}, below ${floor}: ${key}`
      break
    }
    path.push(key)
    state = after
  }
  for (const key of path) known.add(key)
  return undefined
}

/** What is wrong with one step. */
function faultOf(world: RolloutWorld, state: State, after: State): string | undefined {
  const { floor, ceil } = resolveBudget(world.program.budget, state.desired)
  if (kept(after) < Math.min(kept(state), floor))
    return `took ${kept(state)} to ${kept(after)}, below ${floor}`
  const [live, liveAfter] = [state.old.size + state.new.size, after.old.size + after.new.size]
  // A part of the traffic is a whole number of instances on both sides.
  const most = world.isDivided ? Math.max(ceil, state.desired + 1) : ceil
  if (liveAfter > Math.max(live, most)) return `grew from ${live} to ${liveAfter}, above ${most}`
  return trafficFault(state, after, floor)
}

/** What has a part of the traffic keeps what serves it, and gets none that it cannot serve. */
function trafficFault(state: State, after: State, floor: number): string | undefined {
  const { weights = [] } = state.traffic ?? {}
  const sum = weights.reduce((total, { weight }) => total + weight, 0)
  for (const side of ['old', 'new'] as const) {
    const weight = weights.find(({ template }) => template === side)?.weight ?? 0
    const needed = sum === 0 ? 0 : Math.ceil((weight * floor) / sum - 1e-9)
    if (after[side].available < Math.min(state[side].available, needed))
      return `left ${after[side].available} of ${side} to ${weight} of ${sum} of the traffic`
    const before = after.traffic === state.traffic ? undefined : after.traffic?.weights
    const share = before?.find(({ template }) => template === side)?.weight ?? 0
    if (sum > 0 && share > 0 && share > weight && state[side].available === 0 && floor > 0)
      return `sent traffic to ${side}, of which none is available`
  }
  return undefined
}

/**
 * Every state that anything that may happen leads to: each step keeps its bounds; from each there is a way on and a way
 * back; and if the new template breaks there, the old one fills the floor.
 */
export function exploreRollout(world: RolloutWorld): { readonly states: number; readonly fault?: string } {
  const desired = world.counts[0] ?? 1
  const first: State = {
    rollout: undefined,
    old: { size: desired, available: desired },
    new: none,
    desired,
    paused: false,
    retries: 0,
    answer: undefined,
    traffic: world.isDivided ? { acknowledged: true } : undefined,
  }
  const seen = new Map<string, { readonly what: string; readonly from?: string }>([
    [keyOf(first), { what: 'start' }],
  ])
  const [onward, back, healed] = [new Set<string>(), new Set<string>(), new Set<string>()]
  const queue = [first]
  for (const state of queue) {
    const key = keyOf(state)
    const { after } = stepOf(world, state)
    const isOver = state.rollout?.phase === 'succeeded'
    const fault =
      faultOf(world, state, after) ??
      stuck(world, state, onward, false) ??
      (isOver ? undefined : stuck(world, state, back, true)) ??
      belowFloor(world, state, healed)
    if (fault !== undefined)
      return { states: seen.size, fault: `${fault}\n${traceOf(seen, key).join('\n')}\n${key}` }
    for (const [what, next] of [['a step', after] as const, ...happenings(world, state)]) {
      const nextKey = keyOf(next)
      if (seen.has(nextKey)) continue
      seen.set(nextKey, { what, from: key })
      queue.push(next)
    }
  }
  return { states: seen.size }
}

function traceOf(
  seen: ReadonlyMap<string, { readonly what: string; readonly from?: string }>,
  key: string,
): readonly string[] {
  const lines: string[] = []
  for (let at = seen.get(key); at !== undefined; at = at.from === undefined ? undefined : seen.get(at.from))
    lines.unshift(at.what)
  return lines
}
