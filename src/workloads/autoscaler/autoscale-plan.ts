import type {
  HorizontalAutoscaler,
  HorizontalAutoscalerStatus,
  MetricStatus,
  ScaleEvent,
} from '../../api/index.js'
import type { Condition } from '../../core/index.js'
import { parseTime, setCondition } from '../../core/index.js'
import type { ReplicaView } from './metric-proposal.js'
import { proposeByMetric } from './metric-proposal.js'
import type { MetricReading, SampleLimits } from './metrics-source.js'
import { boundedScaleEvents } from './scale-events.js'
import type { ScalingSettings } from './scaling-policy.js'
import { scaleDownLimit, scaleDownSettings, scaleUpLimit, scaleUpSettings } from './scaling-policy.js'
import type { RecommendationRecord, StabilizationWindows } from './stabilization.js'
import { noteRecommendation, stabilize, windowsAt } from './stabilization.js'

/** How an autoscaler behaves, besides its spec. */
export interface AutoscaleLimits extends SampleLimits {
  /** Between two looks. Default 15,000 ms. */
  readonly syncMs: number
}

/** Kubernetes' numbers; and no sample older than two minutes. */
export const defaultAutoscaleLimits: AutoscaleLimits = {
  syncMs: 15_000,
  maxSampleAgeMs: 120_000,
  initializationMs: 300_000,
}

/** What is known of a target. */
export interface AutoscaleView extends ReplicaView {
  /** What came of each metric, in the order of the spec. */
  readonly readings: readonly MetricReading[]
}

/** One step on the way from what the metrics ask for to what is done. */
export interface AutoscaleStep {
  readonly kind: 'metrics' | 'stabilized' | 'limited' | 'bounds'
  readonly from: number
  readonly to: number
  /** Kubernetes' reason. */
  readonly reason: string
}

/** What one look at an autoscaler asks for. */
export interface AutoscalePlan {
  /** What `spec.replicas` of the target is to be. */
  readonly replicas: number
  /** To be written in the transaction that sets them. */
  readonly status: HorizontalAutoscalerStatus
  /** How it came to that. Empty when nothing could be decided. */
  readonly steps: readonly AutoscaleStep[]
  /** Epoch ms. */
  readonly wakeAtMs: number
}

/**
 * Decides how many replicas a target is to have. Pure: equal inputs, equal plan, whatever the order of the tasks.
 *
 * The metric that asks for most counts; one that is not known forbids to go down, not up. Then the windows of the
 * behaviour hold back what flaps, its policies what is too fast, and the bounds have the last word. As Kubernetes'
 * HorizontalPodAutoscaler, except that it goes by what is wanted and never by what is there: a rollout with more tasks for
 * a while asks for nothing (kubernetes#72775).
 */
export function planAutoscale(
  autoscaler: HorizontalAutoscaler,
  view: AutoscaleView,
  limits: AutoscaleLimits,
  nowMs: number,
): AutoscalePlan {
  const { spec, status: before } = autoscaler
  const { minReplicas = 1, maxReplicas, behavior = {} } = spec
  const { replicas: current } = view
  const [up, down] = [scaleUpSettings(behavior.scaleUp), scaleDownSettings(behavior.scaleDown)]
  const windows = windowsAt({ upMs: up.windowMs, downMs: down.windowMs }, nowMs)
  const events = recentEvents(before, up, down, { nowMs, now: windows.now })
  const pass: Pass = { autoscaler, current, limits, nowMs, windows, events }
  if (current === 0 && minReplicas > 0) {
    const message =
      'the target has 0 replicas, which switches it off; scale the target up, or set minReplicas to 0'
    return rest(pass, [], { active: inactive('ScalingDisabled', message) })
  }
  const tolerance = { up: up.tolerance, down: down.tolerance }
  const metrics = spec.metrics.map((metric, at) =>
    proposeByMetric(metric, view.readings[at] ?? { error: 'it was not read' }, view, {
      tolerance,
      limits,
      nowMs,
    }),
  )
  if (current > maxReplicas || current < minReplicas) {
    const [to, reason] =
      current > maxReplicas
        ? ([maxReplicas, 'TooManyReplicas'] as const)
        : ([minReplicas, 'TooFewReplicas'] as const)
    return act(pass, metrics, { to, steps: [{ kind: 'bounds', from: current, to, reason }] })
  }
  const broken = metrics.find(({ proposed }) => proposed === undefined)
  let most = Number.NEGATIVE_INFINITY
  for (const { proposed = most } of metrics) most = Math.max(most, proposed)
  if (most === Number.NEGATIVE_INFINITY || (broken !== undefined && most < current))
    return rest(pass, metrics, {
      active: inactive(reasonOf(spec.metrics, metrics), `${broken?.name} ${broken?.message}`),
    })
  return act(pass, metrics, walk(pass, most, up, down))
}

interface Pass {
  readonly autoscaler: HorizontalAutoscaler
  readonly current: number
  readonly limits: AutoscaleLimits
  readonly nowMs: number
  readonly windows: StabilizationWindows
  readonly events: readonly ScaleEvent[]
}

interface Walk {
  readonly to: number
  readonly steps: readonly AutoscaleStep[]
  readonly record?: RecommendationRecord
}

/** From what the metrics ask for to what is done. */
function walk(pass: Pass, asked: number, up: ScalingSettings, down: ScalingSettings): Walk {
  const { autoscaler, current, events, limits, nowMs, windows } = pass
  const { minReplicas = 1, maxReplicas } = autoscaler.spec
  const { recommendation, recommendations = [] } = autoscaler.status ?? {}
  // What was there before the first word counts as said, so that a new autoscaler does not go down at once.
  const first = { replicas: current, time: windows.now }
  const before = { recommendation: recommendation ?? first, recommendations }
  const record = noteRecommendation(before, asked, windows, limits.syncMs)
  const steps: AutoscaleStep[] = [{ kind: 'metrics', from: current, to: asked, reason: 'ValidMetricFound' }]
  const go = (kind: AutoscaleStep['kind'], to: number, reason: string): number => {
    const from = steps.at(-1)?.to ?? current
    if (to !== from) steps.push({ kind, from, to, reason })
    return to
  }
  const steady = stabilize({ current, desired: asked }, record.recommendations ?? [], windows)
  go('stabilized', steady, steady < asked ? 'ScaleUpStabilized' : 'ScaleDownStabilized')
  const history = { events, nowMs }
  const paced =
    steady > current
      ? Math.min(steady, scaleUpLimit(current, up, history))
      : Math.max(steady, scaleDownLimit(current, down, history))
  go('limited', paced, steady > current ? 'ScaleUpLimit' : 'ScaleDownLimit')
  const bounded = Math.min(Math.max(paced, minReplicas), maxReplicas)
  go('bounds', bounded, bounded < paced ? 'TooManyReplicas' : 'TooFewReplicas')
  return { to: bounded, steps, record }
}

/** Nothing changes, and the condition says why. */
function rest(
  pass: Pass,
  metrics: readonly MetricStatus[],
  { active }: { readonly active: ConditionInput },
): AutoscalePlan {
  const { current, nowMs, limits } = pass
  const status = statusOf(pass, metrics, { to: current, steps: [] }, [active])
  return { replicas: current, status, steps: [], wakeAtMs: nowMs + limits.syncMs }
}

function act(pass: Pass, metrics: readonly MetricStatus[], done: Walk): AutoscalePlan {
  const { current, nowMs, limits } = pass
  const broken = metrics
    .filter(({ proposed }) => proposed === undefined)
    .map(({ name, message }) => `${name} ${message}`)
  const active: ConditionInput = {
    type: 'ScalingActive',
    status: 'True',
    reason: 'ValidMetricFound',
    message: broken.length === 0 ? 'the number of replicas goes by the metrics' : broken.join('; '),
  }
  const status = statusOf(pass, metrics, done, [ableToScale(current, done), active, scalingLimited(done)])
  return { replicas: done.to, status, steps: done.steps, wakeAtMs: nowMs + limits.syncMs }
}

type ConditionInput = Omit<Condition, 'lastTransitionTime'>

function ableToScale(current: number, { to, steps }: Walk): ConditionInput {
  const held = steps.find(({ kind }) => kind === 'stabilized')
  const reason = to !== current ? 'SucceededRescale' : (held?.reason ?? 'ReadyForNewScale')
  const message =
    to !== current
      ? 'the number of replicas was changed'
      : held === undefined
        ? 'the number of replicas is as it should be'
        : 'recommendations of the window still count'
  return { type: 'AbleToScale', status: 'True', reason, message }
}

const LIMITED: Readonly<Record<string, string>> = {
  ScaleUpLimit: 'the policies allow no faster way up',
  ScaleDownLimit: 'the policies allow no faster way down',
  TooManyReplicas: 'more would be wanted than maxReplicas',
  TooFewReplicas: 'fewer would be wanted than minReplicas',
}

function scalingLimited({ steps }: Walk): ConditionInput {
  const limit = steps.findLast(({ kind }) => kind === 'limited' || kind === 'bounds')
  const type = 'ScalingLimited'
  if (limit === undefined)
    return {
      type,
      status: 'False',
      reason: 'DesiredWithinRange',
      message: 'what is wanted is within the bounds',
    }
  return { type, status: 'True', reason: limit.reason, message: LIMITED[limit.reason] ?? '' }
}

const READ_FAILED = {
  Resource: 'FailedGetResourceMetric',
  Pods: 'FailedGetPodsMetric',
  Object: 'FailedGetObjectMetric',
  External: 'FailedGetExternalMetric',
} as const

function reasonOf(specs: HorizontalAutoscaler['spec']['metrics'], metrics: readonly MetricStatus[]): string {
  const at = metrics.findIndex(({ proposed }) => proposed === undefined)
  return READ_FAILED[specs[at]?.type ?? 'Resource']
}

function inactive(reason: string, message: string): ConditionInput {
  return { type: 'ScalingActive', status: 'False', reason, message }
}

function statusOf(
  { autoscaler, current, events, nowMs, windows: { now } }: Pass,
  metrics: readonly MetricStatus[],
  { to, record }: Walk,
  conditions: readonly ConditionInput[],
): HorizontalAutoscalerStatus {
  const { metadata, status: before } = autoscaler
  const isChanged = to !== current
  const all = isChanged ? boundedScaleEvents([...events, { change: to - current, time: now }], nowMs) : events
  const lastScaleTime = isChanged ? now : before?.lastScaleTime
  const told = conditions.reduce<readonly Condition[] | undefined>(
    (known, condition) => setCondition(known, condition, now),
    before?.conditions,
  )
  return {
    observedGeneration: metadata.generation,
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    currentReplicas: current,
    desiredReplicas: to,
    ...(metrics.length === 0 ? {} : { currentMetrics: metrics }),
    ...(told === undefined ? {} : { conditions: told }),
    ...(record ?? keptRecord(before)),
    ...(all.length === 0 ? {} : { scaleEvents: all }),
  }
}

function keptRecord({ recommendation, recommendations }: RecommendationRecord = {}): RecommendationRecord {
  return {
    ...(recommendation === undefined ? {} : { recommendation }),
    ...(recommendations === undefined ? {} : { recommendations }),
  }
}

/** Events that a policy counts still; to one of the future, by a clock that was put back since, it has come now. */
function recentEvents(
  status: HorizontalAutoscalerStatus | undefined,
  up: ScalingSettings,
  down: ScalingSettings,
  { nowMs, now }: { readonly nowMs: number; readonly now: string },
): readonly ScaleEvent[] {
  const { scaleEvents = [] } = status ?? {}
  if (scaleEvents.length === 0) return scaleEvents
  const periodMs = Math.max(
    ...[...up.policies, ...down.policies].map(({ periodSeconds }) => periodSeconds * 1000),
  )
  return scaleEvents
    .map(event => (event.time > now ? { ...event, time: now } : event))
    .filter(({ time }) => nowMs - parseTime(time) < periodMs)
}
