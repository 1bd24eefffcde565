import type { FailureAction } from '../core/internal.js'
import { compareText, REVERTS_MAX } from '../core/internal.js'
import { arrive, budgetOf, gateWaits, judgeWaypoint, leave, wakeOf, waypointOf } from './at-waypoint.js'
import type { Blocker } from './blocker.js'
import { resolveBudget } from './budget.js'
import type { FailureCause } from './failure-cause.js'
import { actionFor } from './failure-cause.js'
import type { GateQuestion } from './gate.js'
import { furthest, goalReached, marksOf } from './gates.js'
import type { Goal, HeldGoal, Roles } from './goal.js'
import { availabilityFirst, hold, rescale, totalOf, waypointGoal } from './goal.js'
import type { Move, Tally } from './move.js'
import { move } from './move.js'
import { faultOf, isNews, nextDeadline } from './rollout-faults.js'
import type { RolloutSpec } from './rollout-spec.js'
import type { Observation } from './rollout-start.js'
import { freshClocks, startOf } from './rollout-start.js'
import type { RolloutState } from './rollout-state.js'
import { isUnfinished, notAhead, ownFailure } from './rollout-state.js'
import type { RolloutView } from './rollout-view.js'
import { clipped } from './rollout-view.js'
import type { Steering, TrafficWeight } from './traffic.js'
import { served, steer, tooFew } from './traffic.js'
import { policyOn } from './way-back.js'

/** What an executor does, all at once or not at all. */
export type RolloutAction =
  /** Give the template this size, making its set when there is none. Absolute, so applying it twice is harmless. */
  | { readonly op: 'size'; readonly template: string; readonly size: number }
  /** Note in the ledger how an entry fared. */
  | {
      readonly op: 'outcome'
      readonly entry: number
      readonly outcome: 'succeeded' | 'failed' | 'superseded'
      readonly cause?: FailureCause
    }
  /** Divide the traffic like this. */
  | { readonly op: 'route'; readonly weights: readonly TrafficWeight[] }
  /** Make `template` the wanted one again, under the new ledger number `entry`. */
  | { readonly op: 'revert'; readonly template: string; readonly entry: number }

/** One decision. */
export interface Plan {
  readonly actions: readonly RolloutAction[]
  readonly state: RolloutState
  /** When to decide again although nothing changed. Epoch milliseconds. */
  readonly wakeAtMs?: number
  /** Why the rollout is not further along; empty when nothing is left to do. */
  readonly blockers: readonly Blocker[]
  /** The programs whose answer the rollout waits for now, at `state.waypoint`. */
  readonly questions: readonly GateQuestion[]
}

/**
 * Decides the next step of a rollout. Pure: no clock, no I/O; equal inputs in any order give equal plans.
 *
 * Guarantees: those of `move`; a rollout that was superseded never acts again; `succeeded` only when nothing but the
 * wanted template is requested and all of it is available; no more automatic reverts in a row than allowed; while paused the
 * clock stops, and only a changed `desired` changes sizes; stopped by a failure, what is stable still grows to the floor.
 *
 * @param state the record of the previous step; `undefined` for a rollout that has none
 * @param nowMs epoch milliseconds
 * @throws InvalidError when `desired` or the budget is not acceptable
 */
export function plan(
  asked: RolloutSpec,
  state: RolloutState | undefined,
  view: RolloutView,
  nowMs: number,
): Plan {
  const before = state?.entry === asked.entry ? state : undefined
  const spec = deferring(asked, before)
  const sets = view.sets.map(clipped)
  const { traffic } = view
  const actions: RolloutAction[] = []
  const context = { sets, traffic, nowMs, actions, sizedFor: state?.desired ?? spec.desired }
  let now = begin(spec, state && notAhead(state, nowMs), context)
  now = retried(spec, now, context)
  now = aborting(spec, now, context)
  now = scaled(spec, now, context)
  now = pausing(spec, now, context)
  now = advance(spec, now, context)
  // At the end of the rollout a lower count counts.
  const step = next(deferring(asked, now), now, { sets, traffic, nowMs })
  if (step.weights !== undefined) actions.push({ op: 'route', weights: step.weights })
  actions.push(...resizes(step.sizes, sets))
  if (!step.sizes.has(now.template)) actions.push({ op: 'size', template: now.template, size: 0 })
  const there = gateWaits(spec, now, { sets, nowMs })
  const deadlineAtMs = nextDeadline(spec, now, { sets, nowMs }, there !== undefined)
  const wakeAtMs = earliest(there && wakeOf(there.waits), deadlineAtMs)
  const held = (there?.waits ?? []).map(wait => ({ kind: 'gate', waypoint: now.waypoint, ...wait }) as const)
  const blockers = [...pauseBlockers(asked, now), ...held, ...step.blockers]
  const questions = there?.questions ?? []
  return { actions, state: now, blockers, questions, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) }
}

/** With a count that waits, that of before. */
function deferring(spec: RolloutSpec, state: RolloutState | undefined): RolloutSpec {
  const { desired, program, paused } = spec
  if (program.scaleDownDuringRollout !== 'defer' || desired === 0 || paused || state === undefined)
    return spec
  const isUnderWay = state.phase === 'progressing' || state.phase === 'reverting'
  return isUnderWay && desired < state.desired ? { ...spec, desired: state.desired } : spec
}

/** The sizes that change, by template. */
function resizes(sizes: Move['sizes'], sets: readonly Tally[]): readonly RolloutAction[] {
  const changes: Extract<RolloutAction, { readonly op: 'size' }>[] = []
  for (const [template, size] of sizes) {
    const current = sets.find(set => set.template === template)
    if (current?.size !== size) changes.push({ op: 'size', template, size })
  }
  return changes.sort((a, b) => compareText(a.template, b.template))
}

interface StepContext extends Observation {
  readonly actions: RolloutAction[]
  /** The count that the sizes were made for: that of the step before. */
  readonly sizedFor: number
}

/** A ledger entry that the record does not know starts a new rollout and supersedes an unfinished one. */
function begin(
  spec: RolloutSpec,
  state: RolloutState | undefined,
  { sets, nowMs, actions }: StepContext,
): RolloutState {
  if (state?.entry === spec.entry) return state
  if (state && isUnfinished(state) && !ownFailure(state)) {
    actions.push({ op: 'outcome', entry: state.entry, outcome: 'superseded' })
  }
  return startOf(spec, { sets, nowMs }, spec.cause === 'revert' ? 1 : 0)
}

/** Who asks for another try after a failure gets one, from the first waypoint on. */
function retried(spec: RolloutSpec, state: RolloutState, observed: Observation): RolloutState {
  const { retries = 0 } = spec
  if (retries <= (state.retries ?? 0)) return state
  return ownFailure(state) === undefined ? { ...state, retries } : startOf(spec, observed, state.reverts)
}

/** Calling off works while it is paused too, and at no replicas. */
function aborting(spec: RolloutSpec, state: RolloutState, context: StepContext): RolloutState {
  if (spec.aborted !== true || !isUnfinished(state) || !isNews(spec, state, 'aborted')) return state
  return fail(spec, state, { ...context, cause: 'aborted' })
}

/** Another count resets the marks; the clocks keep running, except that nothing can be late at zero. */
function scaled(spec: RolloutSpec, state: RolloutState, { sets, nowMs }: Observation): RolloutState {
  if (state.desired === spec.desired) return state
  const best = marksOf(sets, state.template)
  // While paused the clocks stand: they begin where they do, and resume with the others.
  const sinceMs = state.pausedAtMs ?? nowMs
  const clocks = state.desired === 0 ? freshClocks(state.template, { sets, nowMs: sinceMs }) : { best }
  const held = state.held && rescale(state.held, spec.desired, keeping(spec, state))
  return { ...state, desired: spec.desired, ...clocks, ...(held === undefined ? {} : { held }) }
}

/** The sizes as they are, to be kept; scaled as all that is kept, if the count has changed in this very step. */
function heldNow(spec: RolloutSpec, state: RolloutState, { sets, sizedFor }: StepContext): HeldGoal {
  return rescale(hold(sets, sizedFor), spec.desired, keeping(spec, state))
}

/** Who is who, and how far sizes that are kept may be from the count: as far as those of the waypoint. */
function keeping(spec: RolloutSpec, state: RolloutState): Parameters<typeof rescale>[2] {
  const roles = rolesOf(spec, state)
  const waypoint = waypointOf(spec, state)
  const { floor: least, ceil } = resolveBudget(budgetOf(spec, state), spec.desired)
  return { ...roles, least, most: Math.max(ceil, totalOf(waypointGoal(waypoint, spec.desired, roles))) }
}

function pausing(spec: RolloutSpec, state: RolloutState, context: StepContext): RolloutState {
  const { nowMs } = context
  if (state.phase === 'succeeded' || state.phase === 'reverted' || state.phase === 'aborted') return state
  if (spec.paused && state.pausedAtMs === undefined) {
    const phase = state.phase === 'halted' ? 'halted' : 'paused'
    return { ...state, phase, pausedAtMs: nowMs, held: state.held ?? heldNow(spec, state, context) }
  }
  if (!spec.paused && state.pausedAtMs !== undefined) return resume(state, state.pausedAtMs, context)
  return state
}

/** Lifting a pause resumes the clock where it stopped; after a failure it is a retry with a fresh clock. */
function resume(state: RolloutState, pausedAtMs: number, { sets, nowMs }: Observation): RolloutState {
  const { pausedAtMs: _since, held: _held, failure, ...rest } = state
  const phase = state.reverts > 0 ? 'reverting' : 'progressing'
  if (ownFailure(state)) {
    return { ...rest, phase, ...freshClocks(state.template, { sets, nowMs }) }
  }
  const elapsedMs = Math.max(0, pausedAtMs - state.progressAtMs)
  const { atWaypoint } = rest
  return {
    ...rest,
    phase,
    progressAtMs: nowMs - elapsedMs,
    startedAtMs: state.startedAtMs + Math.max(0, nowMs - pausedAtMs),
    ...(failure === undefined ? {} : { failure }),
    ...(atWaypoint === undefined
      ? {}
      : { atWaypoint: { ...atWaypoint, sinceMs: atWaypoint.sinceMs + Math.max(0, nowMs - pausedAtMs) } }),
  }
}

/** Notes progress, passes waypoints, and finds out about success and failure. */
function advance(spec: RolloutSpec, before: RolloutState, context: StepContext): RolloutState {
  const { sets, nowMs, actions } = context
  if ((before.phase !== 'progressing' && before.phase !== 'reverting') || spec.desired === 0) return before
  let state = before
  const best = furthest(state.best, marksOf(sets, state.template))
  if (best !== state.best) state = { ...state, best, progressAtMs: nowMs }
  const last = spec.program.waypoints.length - 1
  const { promotedTo = 0 } = spec
  if (promotedTo > last && state.waypoint < last) state = leave(state, last, nowMs)
  while (isReached(spec, state, context)) {
    state = arrive(spec, state, nowMs)
    const verdict = judgeWaypoint(spec, state, context)
    if (verdict.kind === 'fail' && isNews(spec, state, verdict.cause))
      return fail(spec, state, { ...context, cause: verdict.cause })
    if (verdict.kind !== 'pass') return judge(spec, state, context, true)
    if (state.waypoint >= last) {
      actions.push({ op: 'outcome', entry: state.entry, outcome: 'succeeded' })
      const { failure, ...rest } = state
      const reverted = state.phase === 'reverting'
      return {
        ...rest,
        phase: reverted ? 'reverted' : 'succeeded',
        ...(!reverted || failure === undefined ? {} : { failure }),
      }
    }
    state = leave(state, state.waypoint + 1, nowMs)
  }
  // Away from a waypoint that was reached, the clock of progress starts again.
  if (state.atWaypoint?.isLost === false)
    state = { ...state, progressAtMs: nowMs, atWaypoint: { ...state.atWaypoint, isLost: true } }
  return judge(spec, state, context, false)
}

/** At a waypoint no progress is due, and yet instances may fail, and the time may be over. */
function judge(spec: RolloutSpec, state: RolloutState, context: StepContext, isThere: boolean): RolloutState {
  const cause = faultOf(spec, state, context, isThere)
  return cause === undefined ? state : fail(spec, state, { ...context, cause })
}

function fail(
  spec: RolloutSpec,
  state: RolloutState,
  context: StepContext & { readonly cause: FailureCause },
): RolloutState {
  const { sets, nowMs, actions, cause } = context
  const failure = { cause, entry: state.entry, template: state.template, atMs: nowMs }
  actions.push({ op: 'outcome', entry: state.entry, outcome: 'failed', cause })
  const policy = policyOn(spec, state)
  const { maxReverts = REVERTS_MAX } = policy
  const target = spec.stable === state.template ? undefined : spec.stable
  const halted = { ...state, failure, phase: 'halted', held: heldNow(spec, state, context) } as const
  switch (answerTo(cause, actionFor(cause, policy), target)) {
    case 'continue':
      return { ...state, failure }
    case 'pause':
      return { ...state, failure, phase: 'paused', held: state.held ?? heldNow(spec, state, context) }
    case 'abort': {
      const { held: _held, pausedAtMs: _since, ...rest } = state
      return target === undefined ? halted : { ...rest, failure, phase: 'aborted' }
    }
    case 'revert': {
      if (target === undefined || state.reverts >= maxReverts) return halted
      const entry = state.entry + 1
      actions.push({ op: 'revert', template: target, entry })
      const { desired } = spec
      const start = { entry, template: target, cause: 'revert', desired } as const
      return { ...startOf(start, { sets, nowMs }, state.reverts + 1), failure }
    }
  }
}

/** With nothing to go back to, tasks that crash may as well be tried on: their back-off is the replica loop's. */
function answerTo(cause: FailureCause, action: FailureAction, target: string | undefined): FailureAction {
  if (target !== undefined || action === 'pause') return action
  return cause === 'crash-loop' || cause === 'readiness' ? 'continue' : action
}

/** Sizes and traffic are where the waypoint wants them. */
function isReached(spec: RolloutSpec, state: RolloutState, observed: Observation): boolean {
  const { goal, isThere } = steered(spec, state, observed)
  return isThere && goalReached(goal, hindering(spec, state, { goal, sets: observed.sets }), state.template)
}

/**
 * On the way to another waypoint, what works of a stale template and must stay for the floor is no hindrance: it would
 * wait for the stable one, which may never come back.
 */
function hindering(
  spec: RolloutSpec,
  state: RolloutState,
  { goal, sets }: { readonly goal: Goal; readonly sets: readonly Tally[] },
): readonly Tally[] {
  if (state.waypoint >= spec.program.waypoints.length - 1) return sets
  const { floor } = resolveBudget(budgetOf(spec, state), spec.desired)
  const available = sets.reduce((sum, set) => sum + set.available, 0)
  if (available > floor) return sets
  return sets.filter(set => goal.has(set.template) || set.observed === false || set.available < set.size)
}

/** The goal of the waypoint, with what the traffic needs, if the rollout divides it. */
function steered(spec: RolloutSpec, state: RolloutState, { sets, traffic }: Observation): Steering {
  const { desired } = spec
  const waypoint = waypointOf(spec, state)
  const roles = rolesOf(spec, state)
  const goal = waypointGoal(waypoint, desired, roles)
  if (traffic === undefined || desired === 0) return { goal, asked: totalOf(goal), isThere: true }
  return steer({ waypoint, roles, desired, base: trafficBase(spec, state), sets, traffic }, goal)
}

/** So many instances are the whole of the traffic: with no room to surge, those that must stay. */
function trafficBase(spec: RolloutSpec, state: RolloutState): number {
  const { program, desired } = spec
  if (program.barrier === true) return 0
  const { floor, surge } = resolveBudget(budgetOf(spec, state), desired)
  return surge > 0 ? desired : floor
}

/** The step itself: towards the waypoint, or, while paused or halted, towards the sizes that are held. */
function next(
  spec: RolloutSpec,
  state: RolloutState,
  observed: Observation,
): Move & Pick<Steering, 'weights'> {
  const { sets, traffic } = observed
  const roles = rolesOf(spec, state)
  const stable = roles.stable === undefined || roles.stable === roles.next ? [] : [roles.stable]
  const stale = sets
    .map(set => set.template)
    .filter(template => template !== roles.next && template !== roles.stable)
    .sort()
  const { program, desired } = spec
  const budget = budgetOf(spec, state)
  const countStopping = budget.countStopping === true
  if (state.held) {
    const kept: Goal = new Map(Object.entries(state.held.sizes))
    const view = traffic && { sets, traffic }
    const goal = view === undefined ? kept : served(kept, trafficBase(spec, state), view)
    const short = view === undefined ? [] : tooFew(trafficBase(spec, state), view)
    // A pause usually means that the new template is in doubt, so it is the first to give up capacity.
    const shrink = [...stale, roles.next, ...stable]
    const { least, most } = keeping(spec, state)
    const live = sets.reduce((sum, { size }) => sum + size, 0)
    // What the traffic needs may stay above the ceiling; it does not grow there.
    const bounds = { floor: least, ceil: Math.max(most, Math.min(live, totalOf(goal))) }
    // Who pauses holds what there is; a failure stops the new template, not what keeps the floor.
    const heals = ownFailure(state) !== undefined && program.barrier !== true
    const wanted = heals ? availabilityFirst(goal, sets, roles, bounds) : goal
    // Room for the floor is not given to what only has a part of the traffic.
    const first = wanted === goal ? short : stable
    const grow = [...new Set([...first, ...short, ...stable, ...stale, roles.next])]
    // What gives up its room for the floor does so although the new template may yet come up.
    const notAwaited = wanted === goal ? [] : [...stable, roles.next]
    return move({ sets, goal: wanted, bounds, grow, shrink, notAwaited, countStopping })
  }
  const { goal, weights, isThere, asked } = steered(spec, state, observed)
  const { floor, ceil } = resolveBudget(budget, desired)
  // A step that asks for more than the budget allows gets it, or it would wait without end.
  const bounds = { floor, ceil: Math.max(ceil, asked) }
  const wanted = program.barrier === true ? goal : availabilityFirst(goal, sets, roles, bounds)
  const moved = move({
    sets,
    goal: wanted,
    bounds,
    grow: [...stable, roles.next],
    shrink: [...stale, ...stable, roles.next],
    notAwaited: wanted === goal ? stable : [...stable, roles.next],
    barrier: program.barrier === true,
    countStopping,
  })
  if (isThere || traffic === undefined) return moved
  const waits: Blocker = { kind: 'traffic', acknowledged: traffic.acknowledged }
  return { ...moved, blockers: [waits, ...moved.blockers], ...(weights === undefined ? {} : { weights }) }
}

function pauseBlockers(spec: RolloutSpec, state: RolloutState): readonly Blocker[] {
  if (state.phase === 'halted') return [{ kind: 'halted' }]
  if (state.phase === 'aborted') return [{ kind: 'aborted' }]
  if (state.phase === 'paused') return [{ kind: 'paused', by: ownFailure(state) ? 'failure' : 'spec' }]
  if (isUnfinished(state) && spec.desired === 0) return [{ kind: 'scaled-to-zero' }]
  const { desired: kept } = deferring(spec, state)
  if (kept > spec.desired) return [{ kind: 'scale-down', desired: spec.desired, kept }]
  return []
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter(time => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function rolesOf({ stable }: RolloutSpec, { template: next }: RolloutState): Roles {
  return stable === undefined ? { next } : { next, stable }
}
