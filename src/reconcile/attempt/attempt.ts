import type { Cancel, Env, Logger } from '../../core/index.js'
import type { Client, ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { OwnWriteListener } from '../hot-loops/hot-loops.js'
import type { KeyRecord } from '../queue/key-record.js'
import type { Linked } from '../queue/linked-list.js'
import type { AttemptClientOptions } from './attempt-client.js'
import { createAttemptClient } from './attempt-client.js'
import { AttemptTimeoutError } from './attempt-errors.js'
import type { AttemptGate } from './attempt-gate.js'
import { createAttemptGate } from './attempt-gate.js'
import type { AttemptSpan } from './attempt-span.js'
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

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly kind: 'returned'; readonly result: Result | undefined }
  | { readonly kind: 'threw'; readonly error: unknown }

const NOTHING: AttemptEnd = { kind: 'returned', result: undefined }

/** What an attempt needs. */
export interface AttemptOptions {
  /** Of its key, which a worker holds. */
  readonly record: KeyRecord<ObjectRef>
  /** Its label names it in errors and logs, for example `web default/a`; made when it is read. */
  readonly step: { readonly label: string }
  readonly client: Client
  /** What the attempt reads, if that is not the client; and who hears of that. */
  readonly view: AttemptClientOptions['view']
  readonly reads: AttemptClientOptions['reads']
  /** Of the controller. */
  readonly logger: Logger
  /** Hears of what it writes, and that it has ended. */
  readonly writes: OwnWriteListener & { over(): void }
  /** Monotonic. */
  readonly startedMs: number
  readonly timeoutMs: number | undefined
  /** Begins and ends with it. */
  readonly span?: AttemptSpan | undefined
  /** Called once, inside `run` or later. */
  readonly ended: (attempt: Attempt, end: AttemptEnd) => void
}

/** One run of a reconciler. */
export interface Attempt extends Linked<Attempt> {
  readonly record: KeyRecord<ObjectRef>
  readonly writes: { over(): void }
  readonly startedMs: number
  /** True when its world was closed from outside: it will never end by itself. */
  readonly isDead: boolean
  /** Runs it, once. */
  run(reconcile: (ctx: AttemptContext) => Result | void | Promise<Result | void>): void
  /** Ends it as `why` says: its signal is aborted and its result no longer matters. `ended` is not called. */
  abandon(why: Error): void
}

/** Makes a world for one run of a reconciler, which is gone when the run ends. */
export function openAttempt(options: AttemptOptions): Attempt {
  return new OneRun(options)
}

/**
 * An attempt, and what its reconciler is given. Most runs use few parts of it, and each part costs more than everything
 * else about a run, so parts are made when they are read.
 */
class OneRun implements Attempt, AttemptContext {
  readonly record: KeyRecord<ObjectRef>
  readonly writes: AttemptOptions['writes']
  readonly startedMs: number
  readonly attempt: number
  before: Attempt | undefined = undefined
  after: Attempt | undefined = undefined
  readonly #options: AttemptOptions
  #gate: AttemptGate | undefined
  #client: Client | undefined
  #env: Env | undefined
  #abort: AbortController | undefined
  #logger: Logger | undefined
  /** What ended it. */
  #ending: string | undefined
  /** Why it was aborted, if it was. */
  #reason: Error | undefined
  #cancelTimeout: Cancel | undefined

  constructor(options: AttemptOptions) {
    this.#options = options
    this.record = options.record
    this.writes = options.writes
    this.startedMs = options.startedMs
    this.attempt = options.record.history.failures
  }

  get client(): Client {
    this.#client ??= this.#openClient()
    return this.#client
  }

  #openClient(): Client {
    const { step, client, view, reads, writes } = this.#options
    this.#gate = createAttemptGate(step.label)
    if (this.#ending !== undefined) this.#gate.close(this.#ending)
    return createAttemptClient(client.client(this.env), this.#gate, { view, reads, writes })
  }

  get env(): Env {
    if (this.#env === undefined) {
      this.#env = this.#options.client.env.fork(this.#options.step.label)
      if (this.#ending !== undefined) this.#env.close()
    }
    return this.#env
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#reason !== undefined) this.#abort.abort(this.#reason)
    }
    return this.#abort.signal
  }

  get logger(): Logger {
    const { logger, record } = this.#options
    this.#logger ??= logger.child({ key: refText(record.key) })
    return this.#logger
  }

  get isDead(): boolean {
    return (this.#env ?? this.#options.client.env).closed
  }

  run(reconcile: (ctx: AttemptContext) => Result | void | Promise<Result | void>): void {
    const { step, client, timeoutMs, ended, span } = this.#options
    if (timeoutMs !== undefined) {
      this.#cancelTimeout = client.env.clock.after(timeoutMs, () => {
        const error = new AttemptTimeoutError(step.label, timeoutMs)
        if (!this.#finish('it timed out', error)) return
        span?.failed(error)
        ended(this, { kind: 'threw', error })
      })
    }
    try {
      const running = span === undefined ? reconcile(this) : span.run(() => reconcile(this))
      if (isThenable(running))
        running.then(
          result => this.#returned(result),
          error => this.#threw(error),
        )
      else this.#returned(running)
    } catch (error) {
      this.#threw(error)
    }
  }

  abandon(why: Error): void {
    if (this.#finish(why.message, why)) this.#options.span?.failed(why)
  }

  #returned(result: Result | void): void {
    if (!this.#finish('it returned')) return
    this.#options.span?.returned(result ?? undefined)
    this.#options.ended(this, result ? { kind: 'returned', result } : NOTHING)
  }

  #threw(error: unknown): void {
    if (!this.#finish('it failed')) return
    this.#options.span?.failed(error)
    this.#options.ended(this, { kind: 'threw', error })
  }

  /** True for the first caller only. The gate shuts first, so that no listener of the signal can still write. */
  #finish(why: string, reason?: Error): boolean {
    if (this.#ending !== undefined) return false
    this.#ending = why
    this.#reason = reason
    this.#cancelTimeout?.()
    const fenced = this.#gate?.close(why) ?? 0
    this.#env?.close()
    if (reason !== undefined) this.#abort?.abort(reason)
    else if (fenced > 0)
      this.logger.warn(
        { attempt: this.#options.step.label, fenced, why },
        'an attempt ended with writes under way; await them',
      )
    return true
  }
}

function isThenable(value: Result | void | Promise<Result | void>): value is Promise<Result | void> {
  return typeof value === 'object' && value !== null && 'then' in value
}
