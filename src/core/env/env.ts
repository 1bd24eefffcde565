import type { Metrics } from '../metrics/metrics.js'
import type { Clock } from './clock.js'
import type { IdSource } from './ids.js'
import type { Logger } from './logger.js'
import type { Random } from './random.js'
import type { TaskScheduler } from './task-scheduler.js'
import type { Tracer } from './tracer.js'

/**
 * Everything a shell may take from outside: time, chance, identity, deferred work, logs, metrics and traces.
 *
 * Guarantees: after `close()` no timer, sleep or deferred step of this `Env`, or of one forked from it, runs.
 * Closing is how a crash is simulated, and how a dead attempt is kept from acting.
 */
export interface Env {
  /** Name of the process this world belongs to, for traces. */
  readonly process: string
  /** True once `close()` was called here or on an ancestor. */
  readonly closed: boolean
  readonly clock: Clock
  readonly random: Random
  readonly ids: IdSource
  readonly tasks: TaskScheduler
  readonly logger: Logger
  readonly metrics: Metrics
  /** Where spans go. Absent: nowhere. */
  readonly tracer?: Tracer | undefined
  /** A child world with its own lifetime; it dies with its parent at the latest. */
  fork(process: string): Env
  /** Drops every pending step and timer; later ones are accepted and never run. Idempotent. */
  close(): void
}
