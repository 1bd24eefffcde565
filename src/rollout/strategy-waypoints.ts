import type { Gate, RolloutHook, RolloutStep, RolloutStops } from '../core/internal.js'
import type { Waypoint } from './program.js'

/** All of both templates at once: what blue/green takes. */
const BOTH = { maxSurge: '100%', maxUnavailable: 0 } as const
/** How long the stable template stays after the traffic has moved. */
const HOLD_MS = 30_000

/** The stops of a strategy as waypoints: hooks before, steps or blue/green, 100% at the end. */
export function waypointsOf(stops: RolloutStops, isRecreate: boolean): readonly Waypoint[] {
  const { gates = [], hooks = {} } = stops
  const way = wayOf(stops).map(waypoint => ({ ...waypoint, gates: [...(waypoint.gates ?? []), ...gates] }))
  const last = way.pop()
  const pre = hooksOf(hooks.pre)
  const mid = isRecreate ? hooksOf(hooks.mid) : []
  return [
    ...(pre.length === 0 ? [] : [{ next: 0, gates: pre }]),
    ...(mid.length === 0 ? [] : [{ next: 0, stable: 0, gates: mid }]),
    ...way,
    { ...last, next: '100%', gates: [...(last?.gates ?? []), ...hooksOf(hooks.post)] },
  ]
}

function wayOf({ steps = [], blueGreen }: RolloutStops): readonly Waypoint[] {
  if (blueGreen === undefined) {
    const way = steps.map((step): RolloutStep => (typeof step === 'object' ? step : { next: step }))
    const last = way.at(-1)
    return last?.next === '100%' && last.stable === undefined ? way : [...way, { next: '100%' }]
  }
  const { gates = [], holdMs = HOLD_MS } = blueGreen
  const soak: readonly Gate[] = holdMs === 0 ? [] : [{ kind: 'soak', ms: holdMs }]
  return [
    { next: '100%', stable: '100%', budget: BOTH, gates, route: '0%' },
    { next: '100%', stable: '100%', budget: BOTH, gates: soak, route: '100%' },
    { next: '100%' },
  ]
}

function hooksOf(hooks: readonly RolloutHook[] = []): readonly Gate[] {
  return hooks.map(({ name, retries = 0, ignoreFailure }): Gate => {
    const gate: Gate = { kind: 'hook', name, ...(ignoreFailure === undefined ? {} : { ignoreFailure }) }
    return retries === 0 ? gate : { kind: 'retry', times: retries, gate }
  })
}
