import type { HorizontalAutoscalerStatus, MetricSpec } from '../../api/index.js'
import {
  Deployment,
  Event,
  findCondition,
  HorizontalAutoscaler,
  isTaskActive,
  Task,
} from '../../api/index.js'
import type { Env, LabelSelectorObject } from '../../core/index.js'
import { formatTime, InvalidError, isKeelsonError, setCondition } from '../../core/index.js'
import {
  assertKnown,
  assertValid,
  compareText,
  isRecord,
  knownOptions,
  wholeNumber,
} from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, Kind, ObjectRef, Reader, StoredObject, Transaction } from '../../store/index.js'
import type { AutoscaleLimits, AutoscalePlan } from '../autoscaler/autoscale-plan.js'
import { defaultAutoscaleLimits, planAutoscale } from '../autoscaler/autoscale-plan.js'
import type { MetricReading, MetricsSource } from '../autoscaler/metrics-source.js'
import type { LoopEvent } from '../task-event.js'

/** How the loop of autoscalers behaves. */
export interface AutoscalerControllerOptions extends Partial<AutoscaleLimits> {
  /** Where the metrics come from. */
  readonly metrics: MetricsSource
  /** Kinds that are scaled: with `spec.replicas`, and `spec.selector` for metrics of tasks. Default: `Deployment`. */
  readonly targets?: readonly Kind[]
  /** How long the answer of the source is waited for. Default 10,000 ms. */
  readonly readTimeoutMs?: number
  /** Autoscalers worked on at once. Default 16. */
  readonly concurrency?: number
  /** Where it tells what it did. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const AUTOSCALER_CONTROLLER_OPTIONS = /* @__PURE__ */ knownOptions<AutoscalerControllerOptions>(
  'createAutoscalerController',
  {
    metrics: true,
    targets: true,
    readTimeoutMs: true,
    concurrency: true,
    events: true,
    syncMs: true,
    maxSampleAgeMs: true,
    initializationMs: true,
  },
)

/**
 * Sets `spec.replicas` of the target of each `HorizontalAutoscaler`, every `syncMs`, and tells why in its status.
 *
 * Guarantees: replicas and status change in one transaction, decided by the target as it is then; all that windows and
 * policies go by is in the status, so a restart forgets nothing; of several autoscalers of one target the oldest acts, and
 * the others say so; what cannot be read is told, and forbids to go down; a pass in which nothing changes writes nothing.
 *
 * @throws UsageError for unknown options; InvalidError for a source that is none, and numbers out of bounds
 */
export function createAutoscalerController(options: AutoscalerControllerOptions): Controller {
  assertKnown(options, AUTOSCALER_CONTROLLER_OPTIONS)
  const { metrics, targets = [Deployment], readTimeoutMs = 10_000, concurrency = 16 } = options
  const limits: AutoscaleLimits = {
    syncMs: options.syncMs ?? defaultAutoscaleLimits.syncMs,
    maxSampleAgeMs: options.maxSampleAgeMs ?? defaultAutoscaleLimits.maxSampleAgeMs,
    initializationMs: options.initializationMs ?? defaultAutoscaleLimits.initializationMs,
  }
  if (typeof metrics?.read !== 'function') {
    const message = 'must be a MetricsSource, for example fixedMetrics of keelson/workloads/autoscaler'
    throw new InvalidError('autoscaler', [{ field: 'metrics', value: metrics, message }])
  }
  assertValid('autoscaler', [
    ...wholeNumber('readTimeoutMs', readTimeoutMs, { min: 1 }),
    ...wholeNumber('concurrency', concurrency, { min: 1 }),
    ...wholeNumber('syncMs', limits.syncMs, { min: 1 }),
    ...wholeNumber('maxSampleAgeMs', limits.maxSampleAgeMs, { min: 1 }),
    ...wholeNumber('initializationMs', limits.initializationMs),
  ])
  const setup: Setup = { metrics, targets, readTimeoutMs, limits }
  const looked = new Map<string, { readonly generation: number; readonly nextMs: number }>()
  return createController({
    name: 'autoscalers',
    for: HorizontalAutoscaler,
    concurrency,
    events: options.events ?? { whenKnown: Event },
    async reconcile(ref, autoscaler, { client, env, record }) {
      const key = `${ref.namespace ?? ''}/${ref.name}`
      if (autoscaler === undefined || autoscaler.metadata.deletionTimestamp !== undefined)
        return void looked.delete(key)
      const { generation } = autoscaler.metadata
      const before = looked.get(key)
      // Its own status wakes it, too: what is too early waits.
      const waitMs = (before?.nextMs ?? 0) - env.clock.monotonic()
      if (before?.generation === generation && waitMs > 0) return requeueAfter(waitMs)
      const readings = await readAll(client, autoscaler, setup)
      const input = { generation, readings, nowMs: env.clock.now() }
      const pass = await client
        .transact(tx => syncAutoscaler(tx, ref, input, setup))
        .catch((error: unknown) => {
          if (!isKeelsonError(error, 'Invalid', 'Forbidden', 'QuotaExceeded')) throw error
          return client.transact(tx => tellRefusal(tx, ref, input, error.message))
        })
      // Its spec has changed while the metrics were read.
      if (pass === undefined) return requeueAfter(0)
      looked.set(key, { generation, nextMs: env.clock.monotonic() + limits.syncMs })
      for (const event of eventsOf(pass)) record(event)
      return requeueAfter(limits.syncMs)
    },
    stopped: () => looked.clear(),
  })
}

interface Setup {
  readonly metrics: MetricsSource
  readonly targets: readonly Kind[]
  readonly readTimeoutMs: number
  readonly limits: AutoscaleLimits
}

/** What can be scaled. */
interface ScalableSpec {
  readonly replicas: number
  readonly selector?: LabelSelectorObject
}

interface ScaleTarget {
  readonly kind: Kind
  readonly object: StoredObject
  readonly spec: ScalableSpec & Readonly<Record<string, unknown>>
}

/** The target, or why there is none. */
function findTarget(
  reader: Reader,
  { metadata: { namespace = '' }, spec: { scaleTargetRef } }: HorizontalAutoscaler,
  targets: readonly Kind[],
): ScaleTarget | string {
  const { kind: wanted, name, apiVersion } = scaleTargetRef
  const kind = targets.find(one => one.kind === wanted && (apiVersion ?? one.apiVersion) === one.apiVersion)
  if (kind === undefined)
    return `the controller scales no ${wanted}, but ${targets.map(one => one.kind).join(', ')}`
  const object = reader.get(kind, { namespace, name })
  if (object === undefined) return `there is no ${wanted} ${name}`
  const { spec } = object
  return isScalable(spec) ? { kind, object, spec } : `${wanted} ${name} has no spec.replicas`
}

function isScalable(spec: unknown): spec is ScalableSpec & Readonly<Record<string, unknown>> {
  return isRecord(spec) && Number.isSafeInteger(spec['replicas'])
}

function tasksOf(reader: Reader, { object, spec }: ScaleTarget): readonly Task[] {
  if (spec.selector === undefined) return []
  const { namespace = '' } = object.metadata
  return reader.list(Task, { namespace, labelSelector: spec.selector }).items.filter(isTaskActive)
}

async function readAll(
  client: Client,
  autoscaler: HorizontalAutoscaler,
  { metrics, targets, readTimeoutMs }: Setup,
): Promise<readonly MetricReading[]> {
  const target = findTarget(client, autoscaler, targets)
  const { minReplicas = 1 } = autoscaler.spec
  if (typeof target === 'string' || (target.spec.replicas === 0 && minReplicas > 0)) return []
  const tasks = tasksOf(client, target)
  const { namespace = '' } = autoscaler.metadata
  const read = async (metric: MetricSpec): Promise<MetricReading> => {
    const patience = new AbortController()
    try {
      const samples = metrics.read({ namespace, metric, tasks }, patience.signal)
      return { samples: await withinTime(client.env, samples, readTimeoutMs) }
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) }
    } finally {
      patience.abort()
    }
  }
  return Promise.all(autoscaler.spec.metrics.map(read))
}

/** Rejects when it takes longer. */
function withinTime<Value>({ clock }: Env, answer: Promise<Value>, timeoutMs: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => reject(new Error(`no answer in ${timeoutMs} ms`)))
    void answer.finally(cancel).then(resolve, reject)
  })
}

/** What came of one pass. */
interface AutoscalePass {
  readonly before: HorizontalAutoscaler
  readonly status: HorizontalAutoscalerStatus
  /** Undefined when there is nothing to decide about. */
  readonly plan: AutoscalePlan | undefined
}

/** What was read before the transaction began. */
interface AutoscaleInput {
  readonly generation: number
  readonly readings: readonly MetricReading[]
  readonly nowMs: number
}

function syncAutoscaler(
  tx: Transaction,
  ref: ObjectRef,
  { generation, readings, nowMs }: AutoscaleInput,
  { targets, limits }: Setup,
): AutoscalePass | undefined {
  const before = tx.get(HorizontalAutoscaler, ref)
  if (before === undefined || before.metadata.generation !== generation) return undefined
  const target = findTarget(tx, before, targets)
  const elder = elderOf(tx, before)
  if (typeof target === 'string' || elder !== undefined) {
    const [reason, message] =
      elder === undefined
        ? ['FailedGetScale', typeof target === 'string' ? target : '']
        : ['AmbiguousTarget', `the autoscaler ${elder.metadata.name} has the same target, and is older`]
    const status = unable(before, { reason, message }, nowMs)
    tx.updateStatus(HorizontalAutoscaler, { ...before, status })
    return { before, status, plan: undefined }
  }
  const { replicas } = target.spec
  const view = { replicas, tasks: tasksOf(tx, target), readings }
  const plan = planAutoscale(before, view, limits, nowMs)
  if (plan.replicas !== replicas)
    tx.update(target.kind, { ...target.object, spec: { ...target.spec, replicas: plan.replicas } })
  // An equal status is a no-op to the store.
  tx.updateStatus(HorizontalAutoscaler, { ...before, status: plan.status })
  return { before, status: plan.status, plan }
}

/** The target does not take the number. */
function tellRefusal(
  tx: Transaction,
  ref: ObjectRef,
  { generation, nowMs }: AutoscaleInput,
  message: string,
): AutoscalePass | undefined {
  const before = tx.get(HorizontalAutoscaler, ref)
  if (before === undefined || before.metadata.generation !== generation) return undefined
  const status = unable(before, { reason: 'FailedUpdateScale', message }, nowMs)
  tx.updateStatus(HorizontalAutoscaler, { ...before, status })
  return { before, status, plan: undefined }
}

/** The one that acts instead: of several with one target the oldest. */
function elderOf(reader: Reader, autoscaler: HorizontalAutoscaler): HorizontalAutoscaler | undefined {
  const { namespace = '' } = autoscaler.metadata
  const { kind, name } = autoscaler.spec.scaleTargetRef
  const [eldest] = reader
    .list(HorizontalAutoscaler, { namespace, index: { name: 'target', value: `${kind}/${name}` } })
    .items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .sort(
      ({ metadata: a }, { metadata: b }) =>
        compareText(a.creationTimestamp, b.creationTimestamp) || compareText(a.name, b.name),
    )
  return eldest === undefined || eldest.metadata.uid === autoscaler.metadata.uid ? undefined : eldest
}

function unable(
  { metadata, status }: HorizontalAutoscaler,
  why: { readonly reason: string; readonly message: string },
  nowMs: number,
): HorizontalAutoscalerStatus {
  const { currentReplicas = 0, desiredReplicas = 0, ...kept } = status ?? {}
  const condition = { type: 'AbleToScale', status: 'False', ...why } as const
  return {
    ...kept,
    observedGeneration: metadata.generation,
    currentReplicas,
    desiredReplicas,
    conditions: setCondition(status?.conditions, condition, formatTime(nowMs)),
  }
}

/** Reasons as those of Kubernetes' horizontal controller. */
function* eventsOf({ before, status, plan }: AutoscalePass): Iterable<LoopEvent> {
  const { currentReplicas, desiredReplicas, conditions = [] } = status
  if (plan !== undefined && currentReplicas !== desiredReplicas) {
    const { currentMetrics = [] } = status
    const asking = currentMetrics
      .filter(({ proposed }) => proposed === plan.steps[0]?.to)
      .map(({ name }) => name)
    const by = asking.length === 0 ? 'the bounds' : asking.join(', ')
    yield {
      reason: 'SuccessfulRescale',
      note: `from ${currentReplicas} to ${desiredReplicas} replicas by ${by}`,
    }
  }
  for (const { type, status: is, reason, message } of conditions) {
    if (is !== 'False' || (type !== 'AbleToScale' && type !== 'ScalingActive')) continue
    const known = findCondition(before.status?.conditions, type)
    if (known?.status !== 'False' || known.reason !== reason) yield { type: 'Warning', reason, note: message }
  }
}
