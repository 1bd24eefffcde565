import { type Cancel, isKeelsonError, type Logger } from '../core/index.js'
import type { Client, Kind, StoredObject, Watch, WatchBatch } from '../store/index.js'
import type { ObjectChange } from './event-mapping.js'
import { keyId, refOf } from './object-key.js'
import { exponentialLimiter } from './exponential-limiter.js'

/** What a source needs. */
export interface SourceOptions {
  readonly client: Client
  readonly kind: Kind
  readonly logger: Logger
  /** Called for each change, in revision order; also for what changed while no watch was open. */
  readonly changed: (change: ObjectChange) => void
  /** Called after each batch. */
  readonly progressed: () => void
}

/** A watch of one kind that never ends by itself. */
export interface Source {
  readonly kind: Kind
  /** True once the first initial events were delivered. */
  readonly synced: boolean
  /** True when every object of the kind was delivered as the client reads it now. */
  caughtUp(): boolean
  stop(): void
}

/** A broken watch is opened again after 100 ms, then twice as long each time, up to 30 s. */
const reopenBaseMs = 100
const reopenMaxMs = 30_000

/**
 * Opens the watch.
 *
 * Guarantees: every state that an object rests in is reported, as a change from the state reported before;
 * states that it only passed while the watch was broken may be skipped.
 *
 * @throws ClosedError when the store is closed
 */
export function startSource(options: SourceOptions): Source {
  const source = new WatchSource(options)
  source.open()
  return source
}

class WatchSource implements Source {
  readonly #options: SourceOptions
  /** The last reported state of each living object: holds references only, the store holds the objects. */
  readonly #seen = new Map<string, StoredObject>()
  /** What the initial events of the present watch have named so far; undefined after their end. */
  #listed: Set<string> | undefined
  #watch: Watch<StoredObject> | undefined
  #cancelReopen: Cancel = () => {}
  #breaks = 0
  #synced = false
  #stopped = false
  #delivered = -1
  /** The client revision at which everything was last found delivered. */
  #verified = -1

  constructor(options: SourceOptions) {
    this.#options = options
  }

  get kind(): Kind {
    return this.#options.kind
  }
  get synced(): boolean {
    return this.#synced
  }

  open(): void {
    const { client, kind } = this.#options
    this.#listed = new Set()
    const watch = client.watch(kind, { sendInitialEvents: true })
    this.#watch = watch
    watch.on(
      batch => this.#receive(watch, batch),
      error => this.#ended(watch, error),
    )
  }

  /**
   * A watch says nothing about revisions that hold no change of its kind, so the state itself is compared: when
   * no object is newer than the last delivery and as many exist as were reported, none is missing.
   */
  caughtUp(): boolean {
    if (!this.#synced || this.#listed !== undefined) return false
    const { client, kind } = this.#options
    const { revision } = client
    if (this.#delivered >= revision || this.#verified === revision) return true
    const { items } = client.list(kind)
    if (items.length !== this.#seen.size) return false
    if (items.some(item => Number(item.metadata.resourceVersion) > this.#delivered)) return false
    this.#verified = revision
    return true
  }

  stop(): void {
    this.#stopped = true
    this.#cancelReopen()
    this.#watch?.close()
  }

  #receive(from: Watch<StoredObject>, batch: WatchBatch<StoredObject>): void {
    if (this.#stopped || from !== this.#watch) return
    for (const { type, object } of batch.events) {
      const id = keyId(refOf(object))
      const before = this.#seen.get(id)
      if (type === 'DELETED') {
        this.#seen.delete(id)
        this.#report({ before: before ?? object, now: undefined })
        continue
      }
      this.#listed?.add(id)
      this.#seen.set(id, object)
      const isKnown = before?.metadata.resourceVersion === object.metadata.resourceVersion
      if (!isKnown || before.metadata.uid !== object.metadata.uid) this.#report({ before, now: object })
    }
    this.#delivered = Math.max(this.#delivered, batch.revision)
    if (batch.initialEventsEnd === true) this.#endInitial()
    this.#options.progressed()
  }

  /** What was there before the watch broke and is not listed now was deleted in between. */
  #endInitial(): void {
    const listed = this.#listed
    this.#listed = undefined
    this.#synced = true
    this.#breaks = 0
    if (listed === undefined || listed.size === this.#seen.size) return
    for (const [id, before] of this.#seen) {
      if (listed.has(id)) continue
      this.#seen.delete(id)
      this.#report({ before, now: undefined })
    }
  }

  #report(change: ObjectChange): void {
    this.#options.changed(change)
  }

  #ended(from: Watch<StoredObject>, error: unknown): void {
    if (this.#stopped || from !== this.#watch) return
    this.#listed = new Set()
    this.#retry(error)
  }

  #retry(error: unknown): void {
    const { client, kind, logger } = this.#options
    const { clock, random } = client.env
    if (isKeelsonError(error, 'Closed')) {
      logger.error({ kind: kind.kind, err: error }, 'the store is closed; its objects are no longer watched')
      return
    }
    const limiter = exponentialLimiter({ baseMs: reopenBaseMs, maxMs: reopenMaxMs, jitter: 0.5, random })
    const { ms: afterMs } = limiter.delay({ failures: this.#breaks++, conflicts: 0 })
    logger.warn({ kind: kind.kind, err: error, afterMs }, 'a watch ended; it is opened again')
    this.#cancelReopen = clock.after(afterMs, () => {
      try {
        this.open()
      } catch (failure) {
        this.#retry(failure)
      }
    })
  }
}
