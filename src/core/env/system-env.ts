import { assertKnown, knownOptions } from '../known-options.js'
import type { Metrics } from '../metrics/metrics.js'
import { silentMetrics } from '../metrics/silent-metrics.js'
import type { Clock } from './clock.js'
import { createConsoleLogger } from './console-logger.js'
import type { Env } from './env.js'
import type { EnvPorts, OpenPorts } from './env-tree.js'
import { createEnvTree } from './env-tree.js'
import type { IdSource } from './ids.js'
import { permanentLifetime } from './lifetime.js'
import type { Logger } from './logger.js'
import { MonotonicReader } from './monotonic-reader.js'
import type { Random } from './random.js'
import { createSystemClock } from './system-clock.js'
import { systemHost } from './system-host.js'
import { createSystemIds } from './system-ids.js'
import { createSystemRandom } from './system-random.js'
import { createSystemTasks } from './system-tasks.js'
import type { TaskScheduler } from './task-scheduler.js'
import type { Tracer } from './tracer.js'

/** Parts to replace; whatever is absent is the real thing, or silent for metrics. */
export interface EnvOptions {
  /** Name for traces. Default `main`. */
  readonly process?: string
  readonly clock?: Clock
  readonly random?: Random
  readonly ids?: IdSource
  readonly tasks?: TaskScheduler
  /**
   * Default: the console, one line for each warning and each error; less is dropped. `silentLogger` drops everything, a
   * pino instance fits as it is.
   */
  readonly logger?: Logger
  /** Default: dropped. */
  readonly metrics?: Metrics
  /** Gets a span for each attempt of a controller. A tracer of `@opentelemetry/api` fits as it is. Default: none. */
  readonly tracer?: Tracer
}

// One clock and one queue for all environments of the process: order and fairness hold across them.
const systemPorts: EnvPorts = /* @__PURE__ */ createSystemPorts()

/**
 * The environment of a real process and the default everywhere; warnings and errors go to the console. Making it arms
 * no timer and reads no clock.
 * Its `close()` throws `UsageError`, because it is shared: close a fork, or an env of `createEnv`.
 */
export const systemEnv: Env = /* @__PURE__ */ createEnvTree('main', () => systemPorts, permanentLifetime)

const ENV_OPTIONS = /* @__PURE__ */ knownOptions<EnvOptions>('createEnv', {
  process: true,
  clock: true,
  random: true,
  ids: true,
  tasks: true,
  logger: true,
  metrics: true,
  tracer: true,
})

/**
 * A real environment of your own, for example to get logs and metrics or to be able to close it.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createEnv } from 'keelson/core'
 *
 * const env = createEnv({ process: 'web' })
 * let fired = false
 * env.clock.after(0, () => { fired = true })
 * env.close()
 * await new Promise(resolve => setTimeout(resolve, 5))
 * assert.equal(fired, false)
 * ```
 */
export function createEnv(options: EnvOptions = {}): Env {
  assertKnown(options, ENV_OPTIONS)
  const { process = 'main', ...replaced } = options
  const open: OpenPorts = () => ({ ...systemPorts, ...replaced })
  return createEnvTree(process, open)
}

function createSystemPorts(): EnvPorts {
  const reader = new MonotonicReader(systemHost)
  return {
    clock: createSystemClock(systemHost, reader),
    random: createSystemRandom(),
    ids: createSystemIds(),
    tasks: createSystemTasks({ reader }),
    logger: createConsoleLogger(),
    metrics: silentMetrics,
  }
}
