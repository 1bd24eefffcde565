import type { MetricSpec, MetricStatus, MetricTarget, Task } from '../../api/index.js'
import { findCondition } from '../../api/index.js'
import { parseQuantity, parseTime } from '../../core/index.js'
import type { MetricReading, MetricSample, SampleLimits } from './metrics-source.js'
import { sampleFault } from './metrics-source.js'
import type { ReplicaProposal, TaskUsage, Tolerance } from './replica-proposal.js'
import { proposeByShare, proposeByTasks, proposeByValue } from './replica-proposal.js'

/** What the replicas of a target are like. */
export interface ReplicaView {
  /** Replicas that are wanted now: `spec.replicas` of the target. */
  readonly replicas: number
  /** Its tasks that have neither ended nor are on their way out. */
  readonly tasks: readonly Task[]
}

/** A name for people, as the status tells it. */
export function metricName({ type, resource, pods, object, external }: MetricSpec): string {
  if (type === 'Resource') return resource?.name ?? ''
  if (type === 'Pods') return `pods/${pods?.metric.name}`
  if (type === 'External') return `external/${external?.metric.name}`
  return `object/${object?.describedObject.kind}/${object?.describedObject.name}/${object?.metric.name}`
}

function targetOf({ resource, pods, object, external }: MetricSpec): MetricTarget {
  const found = resource ?? pods ?? object ?? external
  return found?.target ?? { type: 'Value', value: 1 }
}

/** What one metric asks for, or what is wrong with it. */
export function proposeByMetric(
  spec: MetricSpec,
  reading: MetricReading,
  view: ReplicaView,
  context: { readonly tolerance: Tolerance; readonly limits: SampleLimits; readonly nowMs: number },
): MetricStatus {
  const target = targetOf(spec)
  const amount = target.averageUtilization ?? toNumber(target.averageValue ?? target.value ?? 0)
  const known = { name: metricName(spec), target: amount }
  if (reading.error !== undefined) return { ...known, message: `cannot be read: ${reading.error}` }
  const { samples } = reading
  const faults: string[] = []
  const good: MetricSample[] = []
  for (const sample of samples) {
    const fault = sampleFault(sample, context.limits, context.nowMs)
    if (fault === undefined) good.push(sample)
    else faults.push(fault)
  }
  const unknown = faults[0] === undefined ? 'there is no sample of it' : `no sample counts: one ${faults[0]}`
  if (spec.resource === undefined && spec.pods === undefined) {
    // One value that is wrong makes the sum wrong.
    if (good.length === 0 || faults.length > 0) return { ...known, message: unknown }
    return proposeByTotal(good, target, view, { known, tolerance: context.tolerance })
  }
  const usages = taskUsages(spec, good, view.tasks, context)
  if (typeof usages === 'string') return { ...known, message: usages }
  const proposal = proposeByTasks(view.replicas, usages, context.tolerance)
  if (proposal === undefined) return { ...known, message: unknown }
  return told(known, proposal, proposal.ratio * amount)
}

type KnownMetric = Pick<MetricStatus, 'name' | 'target'>

function proposeByTotal(
  samples: readonly MetricSample[],
  { type }: MetricTarget,
  { replicas, tasks }: ReplicaView,
  { known, tolerance }: { readonly known: KnownMetric; readonly tolerance: Tolerance },
): MetricStatus {
  const values = { value: samples.reduce((total, { value }) => total + value, 0), target: known.target }
  if (type === 'AverageValue')
    return told(known, proposeByShare(replicas, values, tolerance), values.value / Math.max(1, replicas))
  const ready = tasks.filter(task => readySince(task) !== undefined).length
  return told(known, proposeByValue({ current: replicas, ready }, values, tolerance), values.value)
}

const WHY: Readonly<Record<ReplicaProposal['why'], string>> = {
  'within-tolerance': 'is close enough to its target',
  ratio: 'asks for replicas by its ratio to the target',
  'unknown-tasks': 'asks for a change that tasks without a sample, or not ready yet, might turn round',
  'none-ready': 'no task is ready: what it says is no matter of their number',
}

function told(known: KnownMetric, { replicas, why }: ReplicaProposal, current: number): MetricStatus {
  const { name, target } = known
  return { name, target, current: toThreeDigits(current), proposed: replicas, message: WHY[why] }
}

/** What a status tells is no more exact; a text on the way would take longer than the rest of a proposal. */
function toThreeDigits(value: number): number {
  if (!(value >= 1e-9 && value < 1e15)) return Number(value.toPrecision(3))
  let scale = 1
  while (value * scale < 100) scale *= 10
  if (scale > 1) return Math.round(value * scale) / scale
  while (value >= 1_000 * scale) scale *= 10
  return Math.round(value / scale) * scale
}

/** Each task with what it uses; or why that cannot be compared. */
function taskUsages(
  { resource, pods }: MetricSpec,
  samples: readonly MetricSample[],
  tasks: readonly Task[],
  { limits, nowMs }: { readonly limits: SampleLimits; readonly nowMs: number },
): readonly TaskUsage[] | string {
  const byTask = new Map(samples.map(sample => [sample.task, sample]))
  const { averageUtilization, averageValue = 0 } = resource?.target ?? pods?.target ?? {}
  const usages: TaskUsage[] = []
  for (const task of tasks) {
    const sample = byTask.get(task.metadata.uid)
    const isUnready =
      task.status?.phase !== 'Running' ||
      (resource !== undefined && sample !== undefined && isStarting(task, sample, limits, nowMs))
    const request = resource === undefined ? undefined : task.spec.resources?.requests?.[resource.name]
    if (averageUtilization !== undefined && request === undefined)
      return `task ${task.metadata.name} requests no ${resource?.name}, so that there is no utilization`
    const full = averageUtilization === undefined ? toNumber(averageValue) : toNumber(request ?? 0)
    const target = averageUtilization === undefined ? full : (full * averageUtilization) / 100
    if (target === 0) return `task ${task.metadata.name} requests 0 ${resource?.name}`
    usages.push({
      target,
      fill: Math.max(full, target),
      isUnready,
      ...(sample === undefined ? {} : { usage: sample.value }),
    })
  }
  return usages
}

/** Within this time after the start readiness is set for the first time. As Kubernetes. */
const FIRST_READY_MS = 30_000

/**
 * Whether what a task that runs uses of a resource is its start and no load. Source: Kubernetes' `groupPods`: at first, a
 * task that is not ready, or whose sample is older than its readiness; later, one that has never been ready.
 */
function isStarting(
  task: Task,
  sample: MetricSample,
  { initializationMs }: SampleLimits,
  nowMs: number,
): boolean {
  const startMs = parseTime(task.status?.startTime ?? task.metadata.creationTimestamp)
  const since = readySince(task)
  if (since === undefined) {
    const ready = findCondition(task.status?.conditions, 'Ready')
    const changedMs =
      ready?.status === 'False' ? parseTime(ready.lastTransitionTime) : Number.POSITIVE_INFINITY
    const wasNever = changedMs < startMs + FIRST_READY_MS
    return nowMs < startMs + initializationMs || wasNever
  }
  return nowMs < startMs + initializationMs && sample.timeMs < since
}

function readySince({ status }: Task): number | undefined {
  const ready = findCondition(status?.conditions, 'Ready')
  return ready?.status === 'True' ? parseTime(ready.lastTransitionTime) : undefined
}

/** Exact where a float is. */
function toNumber(quantity: number | string): number {
  return typeof quantity === 'number' ? quantity : Number(parseQuantity(quantity).nanos) / 1e9
}
