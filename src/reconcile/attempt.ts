import type { Cancel, Env, Logger } from '../core/index.js'
import type { Client } from '../store/index.js'
import { type AttemptSight, createAttemptClient } from './attempt-client.js'
import { AttemptTimeoutError } from './attempt-errors.js'
import { createAttemptGate } from './attempt-gate.js'
import type { AttemptEnd } from './outcome.js'
import type { Result } from './result.js'

/** What every attempt has. */
export interface AttemptContext {
  /** Reads the store and writes through it; refuses writes once the attempt has ended, for whatever reason. */
  readonly client: Client
  /** Dies with the attempt: so do its timers, sleeps and deferred steps. */
  readonly env: Env
  /** Aborted when the attempt times out, or is given up by a stop. The reason is an error. */
  readonly signal: AbortSignal
  /** How often this key failed since its last success. 0 in the first attempt. */
  readonly attempt: number
  /** Carries the controller's name and the key. */
  readonly logger: Logger
}

/** What an attempt needs. */
export interface AttemptOptions {
  /** Names it in errors and logs, for example `reconcile web default/a`. */
  readonly name: string
  readonly client: Client
  /** What the attempt reads, if that is not the client, and who hears of its writes. */
  readonly sight?: AttemptSight
  readonly logger: Logger
  readonly failures: number
  readonly timeoutMs: number | undefined
  /** Called once, inside `run` or later. */
  readonly ended: (end: AttemptEnd) => void
}

/** One run of a reconciler. */
export interface Attempt {
  /** True when its world was closed from outside: it will never end by itself. */
  readonly isDead: boolean
  /** Runs it, once. */
  run(reconcile: (ctx: AttemptContext) => Result | void | Promise<Result | void>): void
  /** Ends it as `why` says: its signal is aborted and its result no longer matters. `ended` is not called. */
  abandon(why: Error): void
}

/** Makes a world for one run of a reconciler, which is gone when the run ends. */
export function openAttempt(options: AttemptOptions): Attempt {
  const { name, client, failures, timeoutMs, ended } = options
  const gate = createAttemptGate(name)
  // Most runs use few of these, and each costs more than everything else about a run.
  let env: Env | undefined
  let abort: AbortController | undefined
  let attemptClient: Client | undefined
  let logger: Logger | undefined
  let reason: Error | undefined
  let over = false
  let cancelTimeout: Cancel = () => {}

  /** True for the first caller only. The gate shuts first, so that no listener of the signal can still write. */
  const finish = (why: string, because?: Error): boolean => {
    if (over) return false
    over = true
    reason = because
    cancelTimeout()
    const fenced = gate.close(why)
    env?.close()
    if (reason !== undefined) abort?.abort(reason)
    else if (fenced > 0)
      options.logger.warn({ attempt: name, fenced }, 'an attempt ended with writes under way; await them')
    return true
  }
  const returned = (result: Result | void): void => {
    if (finish('it returned')) ended({ kind: 'returned', result: result ?? undefined })
  }
  const threw = (error: unknown): void => {
    if (finish('it failed')) ended({ kind: 'threw', error })
  }

  const openEnv = (): Env => {
    if (env === undefined) {
      env = client.env.fork(name)
      if (over) env.close()
    }
    return env
  }
  const openAbort = (): AbortController => {
    if (abort === undefined) {
      abort = new AbortController()
      if (reason !== undefined) abort.abort(reason)
    }
    return abort
  }

  const run: Attempt['run'] = reconcile => {
    if (timeoutMs !== undefined) {
      cancelTimeout = client.env.clock.after(timeoutMs, () => {
        const error = new AttemptTimeoutError(name, timeoutMs)
        if (finish('it timed out', error)) ended({ kind: 'threw', error })
      })
    }
    try {
      const running = reconcile({
        get client() {
          attemptClient ??= createAttemptClient(client.client(openEnv()), gate, options.sight)
          return attemptClient
        },
        get env() {
          return openEnv()
        },
        get signal() {
          return openAbort().signal
        },
        attempt: failures,
        get logger() {
          logger ??= options.logger
          return logger
        },
      })
      if (isThenable(running)) running.then(returned, threw)
      else returned(running)
    } catch (error) {
      threw(error)
    }
  }
  return {
    get isDead() {
      return (env ?? client.env).closed
    },
    run,
    abandon: why => void finish(why.message, why),
  }
}

function isThenable(value: Result | void | Promise<Result | void>): value is Promise<Result | void> {
  return typeof value === 'object' && value !== null && 'then' in value
}
