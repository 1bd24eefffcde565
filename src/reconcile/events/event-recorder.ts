import type { EventRecord, KeelsonErrorCode } from '../../core/index.js'
import { isKeelsonError } from '../../core/index.js'
import { assertKnown, createListeners, knownOptions } from '../../core/internal.js'
import type { Client, Kind } from '../../store/index.js'
import type { EventInput, EventLimits } from './event-correlator.js'
import { createEventCorrelator, defaultEventLimits } from './event-correlator.js'

/** How a recorder is made. */
export interface EventRecorderOptions {
  /** Writes the events. */
  readonly client: Client
  /** For example `Event` of `keelson/api`; of namespaced objects. */
  readonly kind: Kind<EventRecord>
  readonly reportingController: string
  /** Defaults as Kubernetes. */
  readonly limits?: Partial<EventLimits>
  /** Records that wait to be written; what comes on top is dropped. Default 1000. */
  readonly queueMax?: number
}

/** Tells people what a controller did, in event objects. It never holds up or fails the controller. */
export interface EventRecorder {
  /** Takes the event in; it is written later. */
  record(event: EventInput): void
  /** Records that wait to be written. */
  readonly pending: number
  /** Events that are not written as such: too many about one object, a full queue, a refused write. */
  readonly dropped: number
  /** Resolves with `pending` when everything is written, at the latest after `timeoutMs` (default 5 s). */
  flush(options?: { readonly timeoutMs?: number }): Promise<number>
}

/** An event is tried this often, this long apart; the first pause is a random part of it. */
const TRIES_MAX = 12
const TRY_PAUSE_MS = 10_000

/** Errors that trying again does not mend. */
const FINAL: readonly KeelsonErrorCode[] = [
  'Invalid',
  'BadRequest',
  'Forbidden',
  'Fenced',
  'Closed',
  'Usage',
  'TooLarge',
]

interface Pending {
  readonly namespace: string
  readonly name: string
  record: EventRecord
}

const EVENT_RECORDER_OPTIONS = /* @__PURE__ */ knownOptions<EventRecorderOptions>('createEventRecorder', {
  client: true,
  kind: true,
  reportingController: true,
  limits: true,
  queueMax: true,
})

/**
 * Makes a recorder. Equal events are one object with a count; from the tenth note of one object and reason on the notes
 * are; beyond 25 about one object, and one more per 5 minutes, events are dropped.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  assertKnown(options, EVENT_RECORDER_OPTIONS)
  return new QueuedRecorder(options)
}

class QueuedRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #correlator: ReturnType<typeof createEventCorrelator>
  /** By namespace and name, so a series that is repeated while it waits is written once. */
  readonly #queue = new Map<string, Pending>()
  readonly #idle = createListeners<void>({
    onError: error => this.#options.client.env.logger.error({ err: error }, 'a wait for events threw'),
  })
  #isWriting = false
  #dropped = 0

  constructor(options: EventRecorderOptions) {
    this.#options = options
    const limits = { ...defaultEventLimits, ...options.limits }
    this.#correlator = createEventCorrelator(options.reportingController, limits)
  }

  get pending(): number {
    return this.#queue.size
  }
  get dropped(): number {
    return this.#dropped
  }

  record(event: EventInput): void {
    const { client, queueMax = 1000 } = this.#options
    if (client.env.closed) return
    const correlated = this.#correlator.correlate(event, client.env.clock.now())
    if (correlated.kind === 'drop') return void this.#dropped++
    const { name, record } = correlated
    const namespace = record.regarding.namespace ?? 'default'
    const key = `${namespace}/${name}`
    const waiting = this.#queue.get(key)
    if (waiting !== undefined) waiting.record = record
    else if (this.#queue.size >= queueMax) this.#dropped++
    else this.#queue.set(key, { namespace, name, record })
    if (!this.#isWriting) void this.#work()
  }

  flush({ timeoutMs = 5_000 }: { readonly timeoutMs?: number } = {}): Promise<number> {
    // In an env that is closed nothing is written, and no time passes.
    if (this.#queue.size === 0 || this.#options.client.env.closed) return Promise.resolve(this.#queue.size)
    return new Promise(resolve => {
      const done = (): void => {
        for (const cancel of cancels) cancel()
        resolve(this.#queue.size)
      }
      const cancels = [this.#options.client.env.clock.after(timeoutMs, done), this.#idle.add(done)]
    })
  }

  async #work(): Promise<void> {
    this.#isWriting = true
    for (;;) {
      const [next] = this.#queue
      if (next === undefined) break
      const [key, pending] = next
      const { record } = pending
      await this.#deliver(pending)
      if (pending.record === record) this.#queue.delete(key)
    }
    this.#isWriting = false
    this.#idle.emit()
  }

  /** Never rejects. */
  async #deliver(pending: Pending): Promise<void> {
    const { env } = this.#options.client
    for (let tries = 1; ; tries++) {
      try {
        await this.#write(pending)
        return
      } catch (error) {
        if (tries >= TRIES_MAX || isKeelsonError(error, ...FINAL)) {
          this.#dropped++
          env.logger.error({ err: error, reason: pending.record.reason }, 'an event could not be written')
          return
        }
      }
      await env.clock.sleep(tries === 1 ? TRY_PAUSE_MS * env.random.next() : TRY_PAUSE_MS)
    }
  }

  /** Writing the same twice is harmless, so it is tried again also when it is not known whether it happened. */
  async #write({ namespace, name, record }: Pending): Promise<void> {
    const { client, kind } = this.#options
    const isNew = client.get(kind, { namespace, name }) === undefined
    try {
      if (isNew) await client.create(kind, { metadata: { namespace, name }, spec: record })
      else await client.modify(kind, { namespace, name }, draft => void (draft.spec = { ...record }))
    } catch (error) {
      if (!isKeelsonError(error, isNew ? 'AlreadyExists' : 'NotFound')) throw error
      // Made or deleted by another writer since it was looked at.
      if (isNew) await client.modify(kind, { namespace, name }, draft => void (draft.spec = { ...record }))
      else await client.create(kind, { metadata: { namespace, name }, spec: record })
    }
  }
}
