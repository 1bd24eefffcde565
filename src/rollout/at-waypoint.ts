import type { Gate, GateVerdict, GateWait } from './gate.js'
import { judgeGates } from './gate.js'
import type { Waypoint } from './program.js'
import type { RolloutSpec } from './rollout-spec.js'
import type { RolloutState } from './rollout-state.js'
import { ownFailure } from './rollout-state.js'

/** The waypoint that is being walked to. */
export function waypointOf(spec: RolloutSpec, state: RolloutState): Waypoint {
  const { waypoints } = spec.program
  if (state.phase === 'aborted') return { next: 0 }
  const finished = state.phase === 'succeeded' || state.phase === 'reverted'
  return waypoints[finished ? waypoints.length - 1 : state.waypoint] ?? { next: '100%' }
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

function gatesOf(spec: RolloutSpec, state: RolloutState): readonly Gate[] {
  // What is stable has passed its gates, and the very first template has nothing to be compared with.
  const isFirst = spec.stable === undefined
  if (isFirst || spec.stable === state.template || state.waypoint < (spec.promotedTo ?? 0)) return []
  return waypointOf(spec, state).gates ?? []
}

/** What the gates of the present waypoint say. */
export function judgeWaypoint(spec: RolloutSpec, state: RolloutState, nowMs: number): GateVerdict {
  const { answers = [] } = spec
  return judgeGates(gatesOf(spec, state), { sinceMs: state.atWaypoint?.sinceMs ?? nowMs, nowMs, answers })
}

/** Which gates the rollout waits for; undefined when it is on its way, or at rest. */
export function gateWaits(
  spec: RolloutSpec,
  state: RolloutState,
  nowMs: number,
): readonly GateWait[] | undefined {
  if (state.phase !== 'progressing' || state.atWaypoint?.isLost !== false || ownFailure(state))
    return undefined
  const verdict = judgeWaypoint(spec, state, nowMs)
  return verdict.kind === 'wait' ? verdict.waits : undefined
}

/** When the first of those who wait is worth another look. */
export function wakeOf(waits: readonly GateWait[]): number | undefined {
  const times = waits.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]))
  return times.length === 0 ? undefined : Math.min(...times)
}
