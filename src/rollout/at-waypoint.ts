import type { Gate, IntOrPercent } from '../core/internal.js'
import { resolveIntOrPercent } from '../core/internal.js'
import type { BudgetSpec } from './budget.js'
import type { GateQuestion, GateVerdict, GateView, GateWait } from './gate.js'
import { judgeGates, questionsIn } from './gate.js'
import { failuresSince } from './instance-failure.js'
import type { Waypoint } from './program.js'
import type { RolloutSpec } from './rollout-spec.js'
import type { Observation } from './rollout-start.js'
import type { RolloutState } from './rollout-state.js'
import { isWayBack } from './way-back.js'

/** The waypoint that is being walked to. */
export function waypointOf(spec: RolloutSpec, state: RolloutState): Waypoint {
  const { waypoints } = spec.program
  if (state.phase === 'aborted') return { next: 0 }
  const finished = state.phase === 'succeeded' || state.phase === 'reverted'
  const index = finished ? waypoints.length - 1 : state.waypoint
  const waypoint = waypoints[index] ?? { next: '100%' }
  // A way leads forward: where a share comes out as less than a count before it, the count still holds.
  let least: IntOrPercent | undefined
  for (const { next } of waypoints.slice(0, index))
    if (typeof next !== typeof waypoint.next && countOf(next, spec) > countOf(least ?? waypoint.next, spec))
      least = next
  return least === undefined ? waypoint : { ...waypoint, next: least }
}

/** The budget of the way there; of the way back, where it has one. */
export function budgetOf(spec: RolloutSpec, state: RolloutState): BudgetSpec {
  const { rollback, budget } = spec.program
  const back = isWayBack(spec, state) ? rollback?.budget : undefined
  return back ?? waypointOf(spec, state).budget ?? budget
}

function countOf(next: IntOrPercent, { desired }: RolloutSpec): number {
  return resolveIntOrPercent(next, desired, { rounding: 'up', field: 'waypoints.next' })
}

/** Notes when the waypoint was reached, if its gates want to know. */
export function arrive(spec: RolloutSpec, state: RolloutState, nowMs: number): RolloutState {
  const { atWaypoint } = state
  if (atWaypoint?.isLost === false || gatesOf(spec, state).length === 0) return state
  return { ...state, atWaypoint: { sinceMs: atWaypoint?.sinceMs ?? nowMs, isLost: false } }
}

/** On the way to another waypoint. */
export function leave(state: RolloutState, waypoint: number, nowMs: number): RolloutState {
  const { atWaypoint: _since, ...rest } = state
  return { ...rest, waypoint, progressAtMs: nowMs }
}

/**
 * What is stable has passed its gates, and the way back must not wait for a hook. The very first template has nothing to
 * be compared with, and an undo leads to what has passed them once: of those the hooks run, since they may migrate data. A
 * way back may have a soak of its own at its end.
 */
function gatesOf(spec: RolloutSpec, state: RolloutState): readonly Gate[] {
  const { stable, promotedTo = 0, program } = spec
  if (state.waypoint < promotedTo) return []
  const isBack = isWayBack(spec, state)
  const soakMs = isBack ? program.rollback?.soakMs : undefined
  const { gates = [] } = stable === state.template ? {} : waypointOf(spec, state)
  const asked = stable === undefined || isBack ? gates.filter(isHook) : gates
  const isSoaked = soakMs !== undefined && state.waypoint >= program.waypoints.length - 1
  return isSoaked ? [...asked, { kind: 'soak', ms: soakMs }] : asked
}

function isHook(gate: Gate): boolean {
  return gate.kind === 'hook' || (gate.kind === 'retry' && isHook(gate.gate))
}

function viewOf(spec: RolloutSpec, state: RolloutState, { sets, nowMs }: Observation): GateView {
  const answers = (spec.answers ?? []).filter(({ waypoint = state.waypoint }) => waypoint === state.waypoint)
  const set = sets.find(({ template }) => template === state.template)
  const failures = failuresSince(set?.failures ?? [], state.startedAtMs)
  return {
    sinceMs: state.atWaypoint?.sinceMs ?? nowMs,
    nowMs,
    answers,
    instances: { failures, size: set?.size ?? 0 },
  }
}

/** What the gates of the present waypoint say. */
export function judgeWaypoint(spec: RolloutSpec, state: RolloutState, observed: Observation): GateVerdict {
  return judgeGates(gatesOf(spec, state), viewOf(spec, state, observed))
}

/** What a rollout waits for at its waypoint. */
export interface WaypointWaits {
  readonly waits: readonly (GateWait & { readonly failed?: true })[]
  readonly questions: readonly GateQuestion[]
}

/** Which gates the rollout waits for, one that has failed too; undefined when it is on its way, or at rest. */
export function gateWaits(
  spec: RolloutSpec,
  state: RolloutState,
  observed: Observation,
): WaypointWaits | undefined {
  const isUnderWay = state.phase === 'progressing' || state.phase === 'reverting'
  const isThere = isUnderWay && state.atWaypoint?.isLost === false
  if (!isThere) return undefined
  const view = viewOf(spec, state, observed)
  const gates = gatesOf(spec, state)
  const verdict = judgeGates(gates, view)
  if (verdict.kind === 'pass') return undefined
  if (verdict.kind === 'fail') {
    const { gate, untilMs } = verdict
    const until = untilMs === undefined ? {} : { untilMs }
    return { waits: [{ gate, failed: true, ...until }], questions: [] }
  }
  return { waits: verdict.waits, questions: questionsIn(gates, view) }
}

/** When the first of those who wait is worth another look. */
export function wakeOf(waits: readonly GateWait[]): number | undefined {
  const times = waits.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]))
  return times.length === 0 ? undefined : Math.min(...times)
}
