import { marksOf } from './gates.js'
import type { RolloutSpec } from './rollout-spec.js'
import type { RolloutState } from './rollout-state.js'
import type { RolloutTally } from './rollout-view.js'
import { failedOf } from './rollout-view.js'
import type { TrafficView } from './traffic.js'

/** What a step sees, and when. */
export interface Observation {
  readonly sets: readonly RolloutTally[]
  readonly traffic?: TrafficView | undefined
  readonly nowMs: number
}

/** The record of a rollout that begins now. */
export function startOf(
  spec: Pick<RolloutSpec, 'entry' | 'template' | 'cause' | 'desired' | 'retries'>,
  { sets, nowMs }: Observation,
  reverts: number,
): RolloutState {
  const { retries = 0 } = spec
  return {
    entry: spec.entry,
    template: spec.template,
    phase: reverts > 0 ? 'reverting' : 'progressing',
    waypoint: 0,
    reverts,
    desired: spec.desired,
    ...freshClocks(spec.template, { sets, nowMs }),
    ...(retries === 0 ? {} : { retries }),
  }
}

/** What is measured from now on: clocks, marks, and failures. */
export function freshClocks(
  template: string,
  { sets, nowMs }: Observation,
): Pick<RolloutState, 'progressAtMs' | 'startedAtMs' | 'best' | 'failedBefore'> {
  return {
    progressAtMs: nowMs,
    startedAtMs: nowMs,
    best: marksOf(sets, template),
    failedBefore: failedOf(sets, template),
  }
}
