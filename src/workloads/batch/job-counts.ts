import type { JobFailureRule, JobIndexFailures, JobSpec, JobStatus, Task } from '../../api/index.js'
import { formatTime, parseTime } from '../../core/index.js'
import { backoffMs, IndexRanges } from '../../core/internal.js'
import type { JobSettings } from './job-settings.js'
import { jobIndexOf } from './job-tasks.js'

/** Between a failure and the next task, as Kubernetes. */
const JOB_BACKOFF = { baseMs: 10_000, maxMs: 600_000 }

/** What became of a task that was counted. */
export type JobOutcome = 'succeeded' | 'failed' | 'ignored'

type Backoff = NonNullable<JobStatus['backoff']>

/** The counts of a job, to which ended tasks are added one by one. */
export class JobCounts {
  readonly completed: IndexRanges
  readonly failedIndexes: IndexRanges
  readonly indexFailures: Map<number, JobIndexFailures>
  /** Why the failure policy fails the job. */
  failJob: string | undefined
  #succeeded: number
  #failed: number
  #backoff: Backoff | undefined
  readonly #settings: JobSettings
  readonly #rules: readonly JobFailureRule[]
  readonly #nowMs: number

  constructor(spec: JobSpec, settings: JobSettings, status: JobStatus | undefined, nowMs: number) {
    this.#settings = settings
    this.#rules = spec.podFailurePolicy?.rules ?? []
    this.#nowMs = nowMs
    this.completed = IndexRanges.parse(status?.completedIndexes ?? '')
    this.failedIndexes = IndexRanges.parse(status?.failedIndexes ?? '')
    this.completed.keepBelow(this.#indexes)
    this.failedIndexes.keepBelow(this.#indexes)
    this.indexFailures = new Map(
      Object.entries(status?.indexFailures ?? {}).flatMap(([index, failures]) =>
        Number(index) < this.#indexes
          ? [[Number(index), { ...failures, lastTime: notAfter(failures.lastTime, nowMs) }]]
          : [],
      ),
    )
    this.#succeeded = status?.succeeded ?? 0
    this.#failed = status?.failed ?? 0
    this.#backoff = status?.backoff && {
      ...status.backoff,
      lastTime: notAfter(status.backoff.lastTime, nowMs),
    }
  }

  /** How many indexes there are: of others, which there were before the job was made smaller, nothing is kept. */
  get #indexes(): number {
    return this.#settings.completions ?? Number.POSITIVE_INFINITY
  }

  get succeeded(): number {
    return this.#settings.isIndexed ? this.completed.size : this.#succeeded
  }

  get failed(): number {
    return this.#failed
  }

  get backoff(): Backoff | undefined {
    return this.#backoff
  }

  /** When the next task may be made, by the failures of all; −∞ when at once. With limits per index, each waits alone. */
  get untilMs(): number {
    return until(this.#backoff?.failures ?? 0, this.#backoff?.lastTime)
  }

  /** When a task of this index may be made. */
  indexUntilMs(index: number): number {
    const { count = 0, ignored = 0, lastTime } = this.indexFailures.get(index) ?? {}
    return until(count + ignored, lastTime)
  }

  /** Adds a task that has ended. */
  add(task: Task): JobOutcome {
    const index = this.#settings.isIndexed ? jobIndexOf(task) : undefined
    if (task.status?.phase === 'Succeeded') return this.#succeed(index)
    const action = this.#rules.find(one => fits(one, task))?.action ?? 'Count'
    this.#holdBack()
    if (action !== 'Ignore') this.#failed += 1
    if (action === 'FailJob') this.failJob ??= `the failure policy fails the job for ${told(task)}`
    if (index !== undefined) this.#failIndex(index, action)
    return action === 'Ignore' ? 'ignored' : 'failed'
  }

  #holdBack(): void {
    if (this.#settings.backoffLimitPerIndex !== undefined) return
    this.#backoff = { failures: (this.#backoff?.failures ?? 0) + 1, lastTime: formatTime(this.#nowMs) }
  }

  #succeed(index: number | undefined): JobOutcome {
    this.#backoff = undefined
    if (!this.#settings.isIndexed) this.#succeeded += 1
    else if (index === undefined || index >= this.#indexes || this.failedIndexes.has(index)) return 'ignored'
    else {
      this.completed.add(index)
      this.indexFailures.delete(index)
    }
    return 'succeeded'
  }

  #failIndex(index: number, action: JobFailureRule['action']): void {
    const { backoffLimitPerIndex } = this.#settings
    if (backoffLimitPerIndex === undefined || index >= this.#indexes || this.completed.has(index)) return
    const { count = 0, ignored = 0 } = this.indexFailures.get(index) ?? {}
    const isIgnored = action === 'Ignore'
    if (isIgnored || (action !== 'FailIndex' && count < backoffLimitPerIndex)) {
      const failures = { count: isIgnored ? count : count + 1, lastTime: formatTime(this.#nowMs) }
      const sum = isIgnored ? ignored + 1 : ignored
      this.indexFailures.set(index, sum === 0 ? failures : { ...failures, ignored: sum })
      return
    }
    this.failedIndexes.add(index)
    this.indexFailures.delete(index)
  }
}

function until(failures: number, lastTime: string | undefined): number {
  return lastTime === undefined ? Number.NEGATIVE_INFINITY : parseTime(lastTime) + jobBackoffMs(failures)
}

/**
 * Between the last of so many failures since the last success and the next task.
 *
 * @internal
 */
export function jobBackoffMs(failures: number): number {
  return backoffMs(JOB_BACKOFF, failures)
}

/** After a clock was put back a wait begins again, instead of lasting until it has caught up. */
function notAfter(time: string, nowMs: number): string {
  return parseTime(time) > nowMs ? formatTime(nowMs) : time
}

function fits({ onExitCodes, onPodConditions }: JobFailureRule, { status }: Task): boolean {
  const exitCode = status?.exitCode
  if (onExitCodes !== undefined)
    return exitCode !== undefined && onExitCodes.values.includes(exitCode) === (onExitCodes.operator === 'In')
  return (onPodConditions ?? []).some(({ type, status: wanted = 'True' }) =>
    status?.conditions?.some(condition => condition.type === type && condition.status === wanted),
  )
}

function told({ metadata, status }: Task): string {
  return `task ${metadata.name}: ${status?.message ?? status?.reason ?? 'it failed'}`
}
