import type { Cancel } from '../../core/index.js'
import { isKeelsonError, UsageError } from '../../core/index.js'
import { assertKnown, backoffMs, callListener, ownOptions } from '../../core/internal.js'
import type { WatchBatch } from '../engine/watch-batch.js'
import type { Kind, ObjectOf } from '../kind/kind.js'
import type { StoredObject } from '../object/object.js'
import { KnownObjects } from './known-objects.js'
import { LIST_AND_WATCH_OPTIONS } from './known-watch-options.js'
import { offerBatches } from './observable-watch.js'
import type { ListAndWatchOptions, Watch, Watchable } from './watch.js'

type Batch = WatchBatch<StoredObject>

/** A watch that broke for another reason than a gap is opened again after 100 ms, then twice as long each time. */
const REOPEN_BASE_MS = 100
const REOPEN_MAX_MS = 30_000

/**
 * A watch that begins with one batch of what exists and does not end when it falls behind: it lists again and tells
 * the net difference from what it told before as one batch with `since`; if nothing differs though revisions were
 * missed, as a bookmark with `since`. No state that an object rests in is missed, nothing is told twice. It ends when it
 * is closed, when its signal aborts, or when the store closes. It remembers each object that it shows, by reference.
 *
 * @throws what `client.watch` throws
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createStore, defineKind, listAndWatch } from 'keelson/store'
 *
 * const Widget = defineKind<{ size: number }>({ apiVersion: 'example/v1', kind: 'Widget', plural: 'widgets', namespaced: true })
 * const store = createStore({ kinds: [Widget], logCapacity: 2 })
 * const write = (name: string) => store.create(Widget, { metadata: { namespace: 'default', name }, spec: { size: 1 } })
 *
 * await write('a')
 * const told: string[] = []
 * for await (const { since, events } of listAndWatch(store, Widget)) {
 *   told.push(`${since ?? 'no gap'}: ${events.map(event => event.object.metadata.name).join(' ')}`)
 *   if (told.length === 2) break
 *   for (const name of ['b', 'c', 'd']) await write(name)
 * }
 * assert.deepEqual(told, ['no gap: a', '1: b c d'])
 * ```
 */
export function listAndWatch<Spec, Status>(
  client: Watchable,
  kind: Kind<Spec, Status>,
  options?: ListAndWatchOptions,
): Watch<StoredObject<Spec, Status>>
export function listAndWatch<const Kinds extends readonly Kind[]>(
  client: Watchable,
  kinds: Kinds,
  options?: ListAndWatchOptions,
): Watch<ObjectOf<Kinds[number]>>
export function listAndWatch(
  client: Watchable,
  kinds: Kind | readonly Kind[],
  options: ListAndWatchOptions = {},
): Watch<StoredObject> {
  return new HealingWatch(client, kinds as readonly Kind[], options)
}

class HealingWatch implements Watch<StoredObject> {
  readonly #client: Watchable
  readonly #open: () => Watch<StoredObject>
  readonly #known = new KnownObjects()
  readonly #signal: AbortSignal | undefined
  #inner: Watch<StoredObject>
  /** The revision up to which everything was told before the inner watch. */
  #told = 0
  #claimed = false
  #closed = false
  #breaks = 0
  #stopWaiting: Cancel = () => {}

  constructor(client: Watchable, kinds: readonly Kind[], options: ListAndWatchOptions) {
    assertKnown(options, LIST_AND_WATCH_OPTIONS)
    this.#client = client
    this.#signal = options.signal
    // It is opened again long after the call.
    const own = { ...ownOptions(options), sendInitialEvents: true }
    const ownKinds = Array.isArray(kinds) ? [...(kinds as readonly Kind[])] : kinds
    this.#open = () => client.watch(ownKinds, own)
    this.#inner = this.#open()
    offerBatches(this)
  }

  get revision(): number {
    return Math.max(this.#told, this.#inner.revision)
  }

  on(listener: (batch: Batch) => void, ended?: (error?: unknown) => void): Cancel {
    this.#claim()
    const { logger } = this.#client.env
    const over = (error: unknown): void =>
      callListener(
        () => (error === undefined ? ended?.() : ended?.(error)),
        failure => logger.error({ err: failure }, 'the end handler of a watch threw'),
      )
    const read = (): void => {
      if (this.#closed) return
      this.#inner.on(
        batch => {
          const news = this.#learn(batch)
          // A promise goes on to the watch, which logs its failure.
          return news === undefined ? undefined : listener(news)
        },
        error => this.#heal(error, read, () => over(error)),
      )
    }
    if (this.#closed) over(undefined)
    else read()
    return () => this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<Batch> {
    this.#claim()
    return this.#batches()
  }

  requestProgress(): void {
    this.#inner.requestProgress()
  }

  close(): void {
    this.#closed = true
    this.#stopWaiting()
    this.#inner.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #claim(): void {
    if (this.#claimed) {
      throw new UsageError('this watch has a consumer already; open another watch for another consumer')
    }
    this.#claimed = true
  }

  async *#batches(): AsyncGenerator<Batch, void, undefined> {
    try {
      while (!this.#closed) {
        try {
          for await (const batch of this.#inner) {
            const news = this.#learn(batch)
            if (news !== undefined) yield news
          }
          return
        } catch (error) {
          await new Promise<void>((resolve, reject) => this.#heal(error, resolve, () => reject(error)))
        }
      }
    } finally {
      this.close()
    }
  }

  #learn(batch: Batch): Batch | undefined {
    this.#breaks = 0
    const since = this.#told
    this.#told = Math.max(this.#told, batch.revision)
    return this.#known.learn(batch, since)
  }

  /** Opens another inner watch and goes on with `again`, or finds that the watch is over. */
  #heal(error: unknown, again: () => void, over: () => void): void {
    const { closed, logger, random } = this.#client.env
    this.#told = this.revision
    const isEnd = error === undefined || isKeelsonError(error, 'Closed') || this.#signal?.aborted === true
    if (isEnd || closed || this.#closed) {
      over()
      return
    }
    const reopen = (): void => {
      try {
        this.#inner = this.#open()
      } catch (failure) {
        this.#heal(failure, again, over)
        return
      }
      again()
    }
    const isGap = isKeelsonError(error, 'SlowConsumer') || isKeelsonError(error, 'Expired')
    this.#breaks++
    const afterMs = isGap
      ? 0
      : backoffMs({ baseMs: REOPEN_BASE_MS, maxMs: REOPEN_MAX_MS }, this.#breaks) * (1 - random.next() / 2)
    logger.warn({ err: error, afterMs }, 'a watch broke; what changed meanwhile is listed again')
    if (isGap) reopen()
    else this.#wait(afterMs, reopen, again)
  }

  /** Closing ends the wait; whoever waits then finds the watch closed. */
  #wait(afterMs: number, reopen: () => void, again: () => void): void {
    const cancel = this.#client.env.clock.after(afterMs, () => {
      this.#stopWaiting = () => {}
      reopen()
    })
    this.#stopWaiting = () => {
      cancel()
      again()
    }
  }
}
