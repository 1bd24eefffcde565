import type { Metrics } from '../metrics/metrics.js'
import type { Clock } from './clock.js'
import type { Env } from './env.js'
import type { IdSource } from './ids.js'
import type { Lifetime } from './lifetime.js'
import { createLifetime } from './lifetime.js'
import type { Logger } from './logger.js'
import type { Random } from './random.js'
import { assertDelay, sleep } from './sleep.js'
import type { StepFate, TaskScheduler } from './task-scheduler.js'
import type { Tracer } from './tracer.js'

/** The raw ports of one process, before an `Env` ties them to a lifetime. */
export interface EnvPorts {
  /** `sleep` is added by the env, from `after`. */
  readonly clock: Omit<Clock, 'sleep'>
  readonly random: Random
  readonly ids: IdSource
  readonly tasks: TaskScheduler
  readonly logger: Logger
  readonly metrics: Metrics
  readonly tracer?: Tracer | undefined
}

/** Gives the ports of a process when its `Env` is made. `lifetime.closed` tells later whether it has died. */
export type OpenPorts = (process: string, lifetime: { readonly closed: boolean }) => EnvPorts

/**
 * Builds an `Env` whose forks take their ports from `open` too. This is the seam for other worlds: the
 * production and the virtual environment differ in the ports only; lifetimes work the same in both.
 *
 * Guarantees: after `close()` no timer or step of that env or its forks runs, timers are taken back from the
 * clock, and a pending `sleep` stays pending for ever. An error thrown by a step goes to `logger.error`.
 */
export function createEnvTree(process: string, open: OpenPorts, lifetime: Lifetime = createLifetime()): Env {
  return new EnvOfTree(process, open, lifetime)
}

/** Its members are its own, so that they may be taken out of it, or put into another env. */
class EnvOfTree implements Env {
  readonly process: string
  readonly clock: Clock
  readonly random: Random
  readonly ids: IdSource
  readonly tasks: TaskScheduler
  readonly logger: Logger
  readonly metrics: Metrics
  readonly tracer: Tracer | undefined
  readonly fork: (process: string) => Env
  readonly close: () => void
  /** Not `#lifetime`: an env that inherits from this one, with another clock say, must read it too. */
  readonly lifetime: Lifetime

  constructor(process: string, open: OpenPorts, lifetime: Lifetime) {
    const ports = open(process, lifetime)
    this.process = process
    this.clock = boundClock(ports.clock, lifetime)
    this.random = ports.random
    this.ids = ports.ids
    this.tasks = boundTasks(ports, lifetime)
    this.logger = ports.logger
    this.metrics = ports.metrics
    this.tracer = ports.tracer
    // Not assigned where they are written: V8 makes such functions old at once, and with them all that they see.
    const fork: Env['fork'] = name => createEnvTree(name, open, new ChildLifetime(lifetime))
    const close = (): void => lifetime.close()
    this.fork = fork
    this.close = close
    this.lifetime = lifetime
  }

  get closed(): boolean {
    return this.lifetime.closed
  }
}

/** Ends with its parent, or before. */
class ChildLifetime implements Lifetime {
  readonly #own = createLifetime()
  readonly #forget: () => void

  constructor(parent: Lifetime) {
    if (parent.closed) this.#own.close()
    this.#forget = parent.hold(() => this.#own.close())
  }

  get closed(): boolean {
    return this.#own.closed
  }

  hold(drop: () => void): () => void {
    return this.#own.hold(drop)
  }

  close(): void {
    this.#forget()
    this.#own.close()
  }
}

const nothing = (): void => {}

function boundClock(clock: EnvPorts['clock'], lifetime: Lifetime): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, fn) => {
      assertDelay(ms)
      if (lifetime.closed) return nothing
      const end = (): void => {
        forget()
        cancel()
      }
      const forget = lifetime.hold(end)
      const cancel = clock.after(ms, () => {
        forget()
        if (!lifetime.closed) fn()
      })
      return end
    },
    sleep: (ms, signal) => sleep({ clock, lifetime, ms, signal }),
  }
}

function boundTasks(ports: EnvPorts, lifetime: Lifetime): TaskScheduler {
  return {
    defer: (step, about) => {
      if (lifetime.closed) return nothing
      const run = (fate?: StepFate): void => {
        if (lifetime.closed) return
        try {
          step(fate)
        } catch (error) {
          ports.logger.error({ err: error, kind: about.kind, label: about.label }, 'a deferred step threw')
        }
      }
      return ports.tasks.defer(run, about)
    },
  }
}
