import type { ScaleEvent, ScalingRules } from '../../api/index.js'
import { parseTime } from '../../core/index.js'

/** Rules with their defaults. */
export interface ScalingSettings {
  readonly windowMs: number
  readonly selectPolicy: NonNullable<ScalingRules['selectPolicy']>
  readonly policies: NonNullable<ScalingRules['policies']>
  readonly tolerance: number
}

const TOLERANCE_DEFAULT = 0.1

/** Kubernetes' defaults. */
export function scaleUpSettings(rules: ScalingRules = {}): ScalingSettings {
  return {
    windowMs: (rules.stabilizationWindowSeconds ?? 0) * 1000,
    selectPolicy: rules.selectPolicy ?? 'Max',
    policies: rules.policies ?? [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
    tolerance: rules.tolerance ?? TOLERANCE_DEFAULT,
  }
}

/** Kubernetes' defaults. */
export function scaleDownSettings(rules: ScalingRules = {}): ScalingSettings {
  return {
    windowMs: (rules.stabilizationWindowSeconds ?? 300) * 1000,
    selectPolicy: rules.selectPolicy ?? 'Max',
    policies: rules.policies ?? [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    tolerance: rules.tolerance ?? TOLERANCE_DEFAULT,
  }
}

/** What the policies count. */
export interface ScalingHistory {
  readonly events: readonly ScaleEvent[]
  readonly nowMs: number
}

/**
 * The most replicas that are allowed now. Source: Kubernetes' `calculateScaleUpLimitWithScalingRules`. From none one is
 * always allowed, since no percentage of nothing is something.
 */
export function scaleUpLimit(
  current: number,
  { selectPolicy, policies }: Pick<ScalingSettings, 'selectPolicy' | 'policies'>,
  history: ScalingHistory,
): number {
  if (selectPolicy === 'Disabled') return current
  const limits = limitsOf(current, policies, history, 'up')
  const limit = selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits)
  return Math.max(limit, current, 1)
}

/** The fewest replicas that are allowed now. Source: Kubernetes' `calculateScaleDownLimitWithBehaviors`. */
export function scaleDownLimit(
  current: number,
  { selectPolicy, policies }: Pick<ScalingSettings, 'selectPolicy' | 'policies'>,
  history: ScalingHistory,
): number {
  if (selectPolicy === 'Disabled') return current
  const limits = limitsOf(current, policies, history, 'down')
  const limit = selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits)
  return Math.max(0, Math.min(limit, current))
}

/** What each policy allows. A part of a replica is one more on the way up, and one more to go on the way down. */
function limitsOf(
  current: number,
  policies: ScalingSettings['policies'],
  history: ScalingHistory,
  way: 'up' | 'down',
): readonly number[] {
  const [sign, whole] = way === 'up' ? [1, Math.ceil] : [-1, Math.trunc]
  return policies.map(({ type, value, periodSeconds }) => {
    const start = startOfPeriod(current, periodSeconds, history)
    return type === 'Pods' ? start + sign * value : whole((start * (100 + sign * value)) / 100)
  })
}

function startOfPeriod(current: number, periodSeconds: number, { events, nowMs }: ScalingHistory): number {
  const sinceMs = nowMs - periodSeconds * 1000
  return events.reduce(
    (start, { change, time }) => (parseTime(time) > sinceMs ? start - change : start),
    current,
  )
}
