import { expect } from 'vitest'
import type { ScalingPolicy } from '../../src/api/index.js'
import { formatTime } from '../../src/core/index.js'
import { proposeByTasks } from '../../src/workloads/autoscaler/replica-proposal.js'
import {
  scaleDownLimit,
  scaleDownSettings,
  scaleUpLimit,
  scaleUpSettings,
} from '../../src/workloads/autoscaler/scaling-policy.js'
import { stabilize, windowsAt } from '../../src/workloads/autoscaler/stabilization.js'

const tolerance = { up: 0.1, down: 0.1 }

interface ReplicasCase {
  readonly input: {
    readonly current: number
    readonly values: readonly number[]
    readonly target: number
    readonly missing?: number
    readonly unready?: number
  }
  readonly expect: number
}

export function judgeReplicas(example: unknown): void {
  const { input, expect: replicas } = example as ReplicasCase
  const { current, values, target, missing = 0, unready = 0 } = input
  const tasks = [
    ...values.map(usage => ({ target, usage })),
    ...Array.from({ length: missing }, () => ({ target })),
    ...Array.from({ length: unready }, () => ({ target, isUnready: true })),
  ]
  expect(proposeByTasks(current, tasks, tolerance)?.replicas).toBe(replicas)
}

interface Told {
  readonly t: number
  readonly n: number
}

interface BehaviorCase {
  readonly input: {
    readonly cur: number
    readonly desired: number
    readonly now?: number
    readonly up?: readonly Told[]
    readonly down?: readonly Told[]
    readonly rules: {
      readonly select: 'Max' | 'Min' | 'Disabled'
      readonly policies: readonly {
        readonly type: ScalingPolicy['type']
        readonly value: number
        readonly period: number
      }[]
    }
  }
  readonly expect: number
}

/** Far from the beginning of time, so that what was told before is a time, too. */
const EPOCH_MS = 1_000_000_000

export function judgeBehavior(example: unknown): void {
  const { input, expect: replicas } = example as BehaviorCase
  const { cur, desired, now = 0, up = [], down = [], rules } = input
  const policies = rules.policies.map(({ type, value, period }) => ({ type, value, periodSeconds: period }))
  const settings = { selectPolicy: rules.select, policies }
  const time = (ms: number): string => formatTime(EPOCH_MS + ms)
  const events = [
    ...up.map(({ t, n }) => ({ change: n, time: time(t) })),
    ...down.map(({ t, n }) => ({ change: -n, time: time(t) })),
  ]
  const history = { events, nowMs: EPOCH_MS + now }
  const reached =
    desired > cur
      ? Math.min(desired, scaleUpLimit(cur, settings, history))
      : Math.max(desired, scaleDownLimit(cur, settings, history))
  expect(reached).toBe(replicas)
}

interface LegacyCase {
  readonly input: { readonly current: number; readonly desired: number; readonly max: number }
  readonly expect: number
}

/**
 * Without a behaviour Kubernetes before autoscaling/v2 allowed `max(2 × current, 4)`. As data of v2 that is 100 % or up to
 * four replicas, whichever is more, with the time between two looks as the period.
 */
export function judgeLegacyLimit(example: unknown): void {
  const { input, expect: replicas } = example as LegacyCase
  const { current, desired, max } = input
  const history = { events: [], nowMs: EPOCH_MS }
  const policies = [
    { type: 'Percent', value: 100, periodSeconds: 15 },
    { type: 'Pods', value: Math.max(1, 4 - current), periodSeconds: 15 },
  ] as const
  const limit = scaleUpLimit(current, { selectPolicy: 'Max', policies }, history)
  expect(Math.min(desired, limit, max)).toBe(replicas)
}

interface StabilizeCase {
  readonly input: {
    readonly recommendations: readonly Told[]
    readonly now: number
    readonly current: number
    readonly desired: number
    readonly upWindowMs: number
    readonly downWindowMs: number
  }
  readonly expect: number
}

export function judgeStabilize(example: unknown): void {
  const { input, expect: replicas } = example as StabilizeCase
  const { recommendations, now, current, desired, upWindowMs, downWindowMs } = input
  const known = recommendations.map(({ t, n }) => ({ replicas: n, time: formatTime(t) }))
  const windows = windowsAt({ upMs: upWindowMs, downMs: downWindowMs }, now)
  expect(stabilize({ current, desired }, known, windows)).toBe(replicas)
  // The defaults are those that the cases speak of.
  expect([scaleUpSettings().windowMs, scaleDownSettings().windowMs]).toEqual([0, 300_000])
}
