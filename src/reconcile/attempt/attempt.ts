import type { Cancel, Env, Logger, StepInfo } from '../../core/index.js'
import type { Linked, Tracer } from '../../core/internal.js'
import type { Client, Kind, ListOptions, ObjectRef, StoredObject } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { Children } from '../children/children.js'
import { childrenOf } from '../children/children.js'
import type { EventRecorder } from '../events/event-recorder.js'
import type { OwnWriteListener } from '../hot-loops/hot-loops.js'
import type { KeyRecord } from '../queue/key-record.js'
import type { ReadListener } from '../sources/read-listener.js'
import { createAttemptClient } from './attempt-client.js'
import { AttemptTimeoutError } from './attempt-errors.js'
import type { AttemptGate } from './attempt-gate.js'
import { createAttemptGate } from './attempt-gate.js'
import type { AttemptSpan } from './attempt-span.js'
import { attemptSpan } from './attempt-span.js'
import type { AttemptView } from './attempt-view.js'
import type { ReconcileContext } from './reconcile-context.js'
import type { Result } from './result.js'

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly kind: 'returned'; readonly result: Result | undefined }
  | { readonly kind: 'threw'; readonly error: unknown }

const NOTHING: AttemptEnd = { kind: 'returned', result: undefined }

/** What all attempts of one run of a controller have in common. */
export interface AttemptSite {
  /** Of the controller; owns the fields of children. */
  readonly name: string
  readonly for: Kind
  /** There are no objects of the kind. */
  readonly isKeyed: boolean
  readonly owned: readonly Kind[]
  readonly timeoutMs: number | undefined
  /** Gets a span of each. */
  readonly tracer: Tracer | undefined
  readonly reconcile: (
    key: ObjectRef,
    object: StoredObject | undefined,
    ctx: ReconcileContext,
  ) => Result | void | Promise<Result | void>
  /** Of the controller. */
  readonly logger: Logger
  /** That of now; none without events, and on standby. */
  readonly recorder: () => EventRecorder | undefined
  /** Hears of what the attempt in flight of a key depends on. */
  readonly depends: (key: ObjectRef) => ReadListener
  /** Whether an attempt depends on all that it reads. */
  readonly tracksReads: boolean
  /** Who hears of what the attempt in flight of a key writes, and that it has ended. */
  readonly listen: (key: ObjectRef) => OwnWriteListener & { over(): void }
  /** Called once for each attempt that was not abandoned, inside `run` or later. */
  readonly ended: (attempt: Attempt, end: AttemptEnd) => void
}

/** One run of a reconciler, from the moment in which its step is deferred. */
export interface Attempt extends Linked<Attempt>, StepInfo {
  /** Names it in errors and logs too, for example `web default/a`. Outside of tests few read it, so it is made then. */
  readonly label: string
  /** Of its key, which a worker holds. */
  readonly keyRecord: KeyRecord<ObjectRef>
  /** Monotonic; 0 before it runs. */
  readonly startedMs: number
  /** True when its world was closed from outside: it will never end by itself. */
  readonly isDead: boolean
  /**
   * Runs it, once.
   *
   * @param view what it reads, if that is not its client
   */
  run(atMs: number, view?: AttemptView): void
  /** Ends it as `why` says: its signal is aborted and its result no longer matters. `ended` is not called. */
  abandon(why: Error): void
}

/** Makes a world for one run of a reconciler, which writes through `client`, and which is gone when the run ends. */
export function openAttempt(site: AttemptSite, record: KeyRecord<ObjectRef>, client: Client): Attempt {
  return new OneRun(site, record, client)
}

/**
 * The step of an attempt, the attempt, and what its reconciler is given: one object. Most runs use few parts of it, and
 * each part costs more than everything else about a run, so parts are made when they are read.
 */
class OneRun implements Attempt, ReconcileContext {
  readonly kind = 'reconcile'
  readonly keyRecord: KeyRecord<ObjectRef>
  startedMs = 0
  attempt = 0
  before: Attempt | undefined = undefined
  after: Attempt | undefined = undefined
  readonly #site: AttemptSite
  readonly #base: Client
  #view: AttemptView | undefined
  #object: StoredObject | undefined
  #gate: AttemptGate | undefined
  #client: Client | undefined
  #writes: { over(): void } | undefined
  #env: Env | undefined
  #abort: AbortController | undefined
  #logger: Logger | undefined
  #children: Children | undefined
  #record: ReconcileContext['record'] | undefined
  #span: AttemptSpan | undefined
  #cancelTimeout: Cancel | undefined
  /** What ended it. */
  #ending: string | undefined
  /** Why it was aborted, if it was. */
  #reason: Error | undefined

  constructor(site: AttemptSite, record: KeyRecord<ObjectRef>, client: Client) {
    this.keyRecord = record
    this.#site = site
    this.#base = client
  }

  get label(): string {
    return `${this.#site.name} ${refText(this.keyRecord.key)}`
  }

  get client(): Client {
    this.#client ??= this.#openClient()
    return this.#client
  }

  #openClient(): Client {
    const { key } = this.keyRecord
    const { listen, depends, tracksReads } = this.#site
    const isOver = this.#ending !== undefined
    this.#gate = createAttemptGate(this.label)
    if (isOver) this.#gate.close(this.#ending ?? '')
    const writes = isOver ? undefined : listen(key)
    this.#writes = writes
    const reads = tracksReads && !isOver ? depends(key) : undefined
    return createAttemptClient(this.#base.client(this.env), this.#gate, { view: this.#view, reads, writes })
  }

  get env(): Env {
    if (this.#env === undefined) {
      this.#env = this.#base.env.fork(this.label)
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
    this.#logger ??= this.#site.logger.child({ key: refText(this.keyRecord.key) })
    return this.#logger
  }

  get children(): Children {
    const { name, for: kind, owned } = this.#site
    const { client } = this
    this.#children ??= childrenOf({ client, kind, owner: this.#object, of: owned, fieldManager: name })
    return this.#children
  }

  /** Its own, so that it may be taken out of the context. */
  get watch(): ReconcileContext['watch'] {
    return (kind: Kind, what: ObjectRef | ListOptions) => {
      // What was given up must not depend on anything.
      if (this.#ending !== undefined || this.isDead) return
      const { client } = this
      const depends = this.#site.depends(this.keyRecord.key)
      if ('name' in what) {
        client.get(kind, what)
        depends.got(kind, what)
      } else {
        client.list(kind, { ...what, limit: 1 })
        depends.listed(kind, what)
      }
    }
  }

  /** Its own, so that it may be taken out of the context. */
  get record(): ReconcileContext['record'] {
    this.#record ??= event => {
      const { regarding = this.#object, ...what } = event
      // What was given up must not tell what it did after its successor has begun.
      const recorder = this.#reason === undefined ? this.#site.recorder() : undefined
      if (recorder === undefined || regarding === undefined) this.logger.debug(what, 'event')
      else recorder.record({ ...what, regarding })
    }
    return this.#record
  }

  get isDead(): boolean {
    return (this.#env ?? this.#base.env).closed
  }

  run(atMs: number, view?: AttemptView): void {
    const { timeoutMs, tracer } = this.#site
    this.startedMs = atMs
    this.attempt = this.keyRecord.history.failures
    this.#view = view
    if (timeoutMs !== undefined) this.#limit(timeoutMs)
    try {
      const running = tracer === undefined ? this.#reconcile() : this.#traced(tracer)
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
    if (this.#finish(why.message, why)) this.#span?.failed(why)
  }

  #reconcile(): Result | void | Promise<Result | void> {
    const { isKeyed, for: kind, reconcile } = this.#site
    const { key } = this.keyRecord
    this.#object = isKeyed ? undefined : (this.#view?.reader ?? this.#base).get(kind, key)
    return reconcile(key, this.#object, this)
  }

  #traced(tracer: Tracer): Result | void | Promise<Result | void> {
    const { name, for: kind, logger } = this.#site
    this.#span = attemptSpan(tracer, { name, for: kind, record: this.keyRecord, logger })
    return this.#span.run(() => this.#reconcile())
  }

  #limit(timeoutMs: number): void {
    this.#cancelTimeout = this.#base.env.clock.after(timeoutMs, () => {
      const error = new AttemptTimeoutError(this.label, timeoutMs)
      if (!this.#finish('it timed out', error)) return
      this.#span?.failed(error)
      this.#site.ended(this, { kind: 'threw', error })
    })
  }

  #returned(result: Result | void): void {
    if (!this.#finish('it returned')) return
    this.#span?.returned(result ?? undefined)
    // What is wrong though falsy, such as `false`, is for whoever decides what it means.
    this.#site.ended(
      this,
      (result ?? undefined) === undefined ? NOTHING : { kind: 'returned', result: result as Result },
    )
  }

  #threw(error: unknown): void {
    if (!this.#finish('it failed')) return
    this.#span?.failed(error)
    this.#site.ended(this, { kind: 'threw', error })
  }

  /** True for the first caller only. The gate shuts first, so that no listener of the signal can still write. */
  #finish(why: string, reason?: Error): boolean {
    if (this.#ending !== undefined) return false
    this.#ending = why
    this.#reason = reason
    this.#cancelTimeout?.()
    const fenced = this.#gate?.close(why) ?? 0
    this.#writes?.over()
    this.#env?.close()
    if (reason !== undefined) this.#abort?.abort(reason)
    else if (fenced > 0)
      this.logger.warn(
        { attempt: this.label, fenced, why },
        'an attempt ended with writes under way; await them',
      )
    return true
  }
}

function isThenable(value: Result | void | Promise<Result | void>): value is Promise<Result | void> {
  return typeof value === 'object' && value !== null && 'then' in value
}
