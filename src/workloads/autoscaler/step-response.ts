import type { HorizontalAutoscaler, HorizontalAutoscalerSpec, Task } from '../../api/index.js'
import { formatTime } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import { defaultAutoscaleLimits, planAutoscale } from './autoscale-plan.js'

/** An autoscaler to be tried, and the load that it meets. */
export interface StepResponseOptions
  extends Pick<HorizontalAutoscalerSpec, 'minReplicas' | 'maxReplicas' | 'behavior'> {
  /** What one replica is to carry, in the unit of the load. */
  readonly target: number
  /** All of the load at a time, in ms since the start. */
  load(timeMs: number): number
  /** A whole number ≥ 1, at most 100,000,000 ms. */
  readonly durationMs: number
  /** Replicas at the start. Default: `minReplicas`, and 1 at least. */
  readonly replicas?: number
  /** From the start of a task to its readiness. Default 30,000 ms. */
  readonly startupMs?: number
  /** What one replica can carry at most; the rest is not measured. Default: any. */
  readonly capacity?: number
  /** Between two looks. Default 15,000 ms. */
  readonly syncMs?: number
}

/** A moment. */
export interface ResponsePoint {
  readonly timeMs: number
  readonly load: number
  /** Replicas that the load asks for, within the bounds. */
  readonly needed: number
  readonly replicas: number
  readonly ready: number
}

/** What an autoscaler has made of a load. */
export interface StepResponse {
  readonly points: readonly ResponsePoint[]
  /** By how much the most replicas exceed the most that were needed, as a share of that. */
  readonly overshoot: number
  /** After this time the number of replicas has not changed any more, ms. */
  readonly settleMs: number
  /** How many times the number has turned from up to down, or down to up. */
  readonly flaps: number
  /** For so long fewer were ready than were needed, ms. */
  readonly shortMs: number
  /** Replicas that were not needed, summed up over time, in replica hours. */
  readonly wastedHours: number
}

const STEP_RESPONSE_OPTIONS = /* @__PURE__ */ knownOptions<StepResponseOptions>('stepResponse', {
  minReplicas: true,
  maxReplicas: true,
  behavior: true,
  target: true,
  load: true,
  durationMs: true,
  replicas: true,
  startupMs: true,
  capacity: true,
  syncMs: true,
})

/**
 * What a policy makes of a load, in virtual time: the plan of the real controller, once each `syncMs`, with tasks that take
 * `startupMs` to be ready and share the load evenly. Nothing is drawn by chance: equal inputs, equal answer.
 *
 * @throws InvalidError for numbers out of bounds
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { stepResponse } from 'keelson/workloads/autoscaler'
 *
 * const load = (timeMs: number) => (timeMs < 60_000 ? 100 : 1_000)
 * const { overshoot, settleMs, flaps } = stepResponse({ maxReplicas: 50, target: 100, load, durationMs: 1_800_000 })
 * assert.deepEqual([overshoot, settleMs, flaps], [0, 75_000, 0])
 * ```
 */
export function stepResponse(options: StepResponseOptions): StepResponse {
  assertKnown(options, STEP_RESPONSE_OPTIONS)
  const { load, durationMs, minReplicas = 1, maxReplicas, target, behavior } = options
  const {
    startupMs = 30_000,
    capacity = Number.POSITIVE_INFINITY,
    syncMs = defaultAutoscaleLimits.syncMs,
  } = options
  const { replicas: first = Math.max(1, minReplicas) } = options
  assertStep({ ...options, startupMs, syncMs, first })
  const fleet = new Fleet(startupMs, first)
  let autoscaler = autoscalerOf(
    { minReplicas, maxReplicas, ...(behavior === undefined ? {} : { behavior }) },
    target,
  )
  const points: ResponsePoint[] = []
  for (let timeMs = 0; timeMs <= durationMs; timeMs += syncMs) {
    const tasks = fleet.tasks(timeMs)
    const ready = fleet.ready(timeMs)
    const wanted = load(timeMs)
    const share = ready === 0 ? 0 : Math.min(wanted / ready, capacity)
    const samples = tasks.map(({ metadata }, at) => ({
      value: at < ready ? share : 0,
      timeMs,
      task: metadata.uid,
    }))
    const limits = { ...defaultAutoscaleLimits, syncMs }
    const readings = [{ samples: samples.slice(0, Math.max(ready, 1)) }]
    const plan = planAutoscale(autoscaler, { replicas: tasks.length, tasks, readings }, limits, timeMs)
    autoscaler = { ...autoscaler, status: plan.status }
    const needed = Math.min(Math.max(Math.ceil(wanted / target - 1e-9), minReplicas), maxReplicas)
    points.push({ timeMs, load: wanted, needed, replicas: plan.replicas, ready })
    fleet.scale(plan.replicas, timeMs)
  }
  return judge(points, syncMs)
}

function assertStep(
  options: Pick<StepResponseOptions, 'durationMs' | 'target' | 'maxReplicas'> & {
    readonly startupMs: number
    readonly syncMs: number
    readonly first: number
  },
): void {
  const { durationMs, target, maxReplicas, startupMs, syncMs, first } = options
  assertValid('step response', [
    ...wholeNumber('durationMs', durationMs, { min: 1, max: 100_000_000 }),
    ...wholeNumber('maxReplicas', maxReplicas, { min: 1, max: 100_000 }),
    ...wholeNumber('startupMs', startupMs),
    ...wholeNumber('syncMs', syncMs, { min: 1_000 }),
    ...wholeNumber('replicas', first, { min: 1, max: 100_000 }),
    ...(Number.isFinite(target) && target > 0
      ? []
      : [{ field: 'target', value: target, message: 'must be a number above 0' }]),
  ])
}

/** Tasks by the time of their start; the youngest go first. */
class Fleet {
  readonly #startupMs: number
  readonly #starts: number[]
  readonly #made: Task[] = []

  constructor(startupMs: number, replicas: number) {
    this.#startupMs = startupMs
    this.#starts = Array.from({ length: replicas }, () => -startupMs)
  }

  scale(replicas: number, nowMs: number): void {
    this.#starts.length = Math.min(this.#starts.length, replicas)
    while (this.#starts.length < replicas) this.#starts.push(nowMs)
  }

  ready(nowMs: number): number {
    return this.#starts.filter(startMs => startMs + this.#startupMs <= nowMs).length
  }

  tasks(nowMs: number): readonly Task[] {
    return this.#starts.map((startMs, at) => {
      const isReady = startMs + this.#startupMs <= nowMs
      const known = this.#made[at]
      const status = isReady ? 'True' : 'False'
      const since = formatTime(isReady ? startMs + this.#startupMs : startMs)
      const condition = known?.status?.conditions?.[0]
      if (known !== undefined && condition?.status === status && condition.lastTransitionTime === since)
        return known
      const made = taskOf(at, { startMs, status, since })
      this.#made[at] = made
      return made
    })
  }
}

function taskOf(
  at: number,
  {
    startMs,
    status,
    since,
  }: { readonly startMs: number; readonly status: 'True' | 'False'; readonly since: string },
): Task {
  const time = formatTime(startMs)
  const ready = {
    type: 'Ready',
    status,
    reason: 'Simulated',
    message: '',
    lastTransitionTime: since,
  } as const
  return {
    apiVersion: 'v1',
    kind: 'Task',
    metadata: metadataOf(`replica-${at}`, time),
    spec: {},
    status: { phase: status === 'True' ? 'Running' : 'Pending', startTime: time, conditions: [ready] },
  }
}

function metadataOf(name: string, creationTimestamp: string): Task['metadata'] {
  return {
    name,
    uid: name,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp,
    labels: {},
    annotations: {},
    ownerReferences: [],
    finalizers: [],
  }
}

function autoscalerOf(
  spec: Pick<HorizontalAutoscalerSpec, 'minReplicas' | 'maxReplicas' | 'behavior'>,
  averageValue: number,
): HorizontalAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalAutoscaler',
    metadata: metadataOf('simulated', formatTime(0)),
    spec: {
      ...spec,
      scaleTargetRef: { kind: 'Deployment', name: 'simulated' },
      metrics: [
        { type: 'Pods', pods: { metric: { name: 'load' }, target: { type: 'AverageValue', averageValue } } },
      ],
    },
  }
}

function judge(points: readonly ResponsePoint[], syncMs: number): StepResponse {
  const most = Math.max(...points.map(({ replicas }) => replicas))
  const mostNeeded = Math.max(1, ...points.map(({ needed }) => needed))
  let [settleMs, flaps, shortMs, wasted, direction] = [0, 0, 0, 0, 0]
  let before = points[0]?.replicas ?? 0
  for (const { timeMs, needed, replicas, ready } of points) {
    if (ready < needed) shortMs += syncMs
    wasted += Math.max(0, replicas - needed)
    const change = Math.sign(replicas - before)
    before = replicas
    if (change === 0) continue
    settleMs = timeMs
    if (direction !== 0 && change !== direction) flaps += 1
    direction = change
  }
  const overshoot = Math.max(0, most - mostNeeded) / mostNeeded
  return { points, overshoot, settleMs, flaps, shortMs, wastedHours: (wasted * syncMs) / 3_600_000 }
}
