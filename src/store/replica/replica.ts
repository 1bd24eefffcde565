import type { Cancel } from '../../core/index.js'
import { ClosedError, isKeelsonError, KeelsonError } from '../../core/index.js'
import type { HeapHandle, SharedTimeout } from '../../core/internal.js'
import { backoffMs, heapHandle, IndexedHeap } from '../../core/internal.js'
import type { StoreOptions } from '../client/memory-store.js'
import { engineFor } from '../client/memory-store.js'
import type { StoreParts } from '../client/store-parts.js'
import { storeParts } from '../client/store-parts.js'
import { differences, mutationsOf, plantAll } from './remote-mutations.js'
import type { RemoteRevision, ReplicaSource } from './replica-source.js'

const RETRY_BASE_MS = 100
const RETRY_MAX_MS = 5_000

/** What a replica is made from. */
export interface ReplicaOptions extends StoreOptions {
  /** Names the history that is followed; the same for all that follow it. Default: one of the env. */
  readonly incarnation?: string
}

/** How far a replica may be behind what it follows. */
export interface ReplicaFreshness {
  /** Everything up to this revision is here; that of the store is the last one that has changed something. */
  readonly revision: number
  /** Whether the watch is open. While it is not, reads answer with what was known before. */
  readonly connected: boolean
  /** How long ago the source has last answered, ms: what is missing here is not older. */
  readonly staleMs: number
  /** How often revisions were skipped, because the source could no longer tell them one by one. */
  readonly skipped: number
  /** Why the watch was last lost; undefined while it is open. */
  readonly error?: unknown
}

/** Who waits for a revision; the earliest is first in the heap. */
interface Waiter extends HeapHandle {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  /** Of the time that it may take. */
  cancel: Cancel | undefined
}

/**
 * Reads of what is kept elsewhere, at the speed of memory: an engine that follows a list and a watch, with its indexes,
 * snapshots and watches. A watch that breaks is opened again where it was. When what was missed is no longer told, it is
 * listed: then the difference is one revision, and watchers end with `SlowConsumerError`, so that each knows of the gap.
 */
export class Replica {
  readonly parts: StoreParts
  readonly #source: ReplicaSource
  #seen: number
  #skipped = 0
  #aliveAtMs: number
  #connected = false
  #error: unknown
  #breaks = 0
  #closed = false
  #cancelWatch: Cancel = () => {}
  #cancelRetry: Cancel = () => {}
  readonly #waiters = new IndexedHeap<Waiter>()

  constructor(parts: StoreParts, source: ReplicaSource) {
    this.parts = parts
    this.#source = source
    this.#seen = parts.engine.revision
    this.#aliveAtMs = this.#nowMs
    this.#watch()
  }

  get freshness(): ReplicaFreshness {
    const error = this.#error
    return Object.freeze({
      revision: this.#seen,
      connected: this.#connected,
      staleMs: this.#nowMs - this.#aliveAtMs,
      skipped: this.#skipped,
      ...(error === undefined ? {} : { error }),
    })
  }

  /**
   * Resolves once everything up to that revision is here.
   *
   * @param timeout how long that may take. Default: for as long as it takes
   * @throws why the replica has ended, if it does before; KeelsonError `Unavailable` when it takes too long
   */
  through(revision: number, timeout?: SharedTimeout): Promise<void> {
    if (revision <= this.#seen) return Promise.resolve()
    if (this.#closed) return Promise.reject(new ClosedError('the store'))
    return new Promise((resolve, reject) => {
      const { at, sequence, slot } = heapHandle()
      const waiter: Waiter = { resolve, reject, cancel: undefined, at, sequence, slot }
      this.#waiters.push(waiter, revision)
      waiter.cancel = timeout?.begin(() => {
        this.#waiters.remove(waiter)
        reject(notArrived(revision, timeout.ms, this.#error))
      })
    })
  }

  /** Ends every watch and refuses every later read. Idempotent. */
  close(failure?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#connected = false
    this.#cancelWatch()
    this.#cancelRetry()
    this.parts.engine.close(failure)
    for (let next = this.#waiters.pop(); next !== undefined; next = this.#waiters.pop()) {
      next.cancel?.()
      next.reject(failure ?? new ClosedError('the store'))
    }
  }

  get #nowMs(): number {
    return this.parts.engine.env.clock.monotonic()
  }

  #watch(): void {
    let isOpen = true
    // Nothing of a watch counts once it has ended, or another one was opened.
    const counts = (): boolean => isOpen && !this.#closed
    const cancel = this.#source.watch(this.#seen, {
      alive: () => {
        if (counts()) this.#alive()
      },
      told: revision => {
        if (!counts()) return
        this.#alive()
        this.#follow(revision)
      },
      progress: revision => {
        if (!counts()) return
        this.#alive()
        this.#advance(revision)
      },
      ended: error => {
        if (!counts()) return
        isOpen = false
        this.#lost(error)
      },
    })
    this.#cancelWatch = () => {
      isOpen = false
      cancel()
    }
  }

  #alive(): void {
    this.#aliveAtMs = this.#nowMs
    if (this.#connected) return
    const { logger } = this.parts.engine.env
    if (this.#breaks > 0) logger.info({ revision: this.#seen }, 'the store is connected again')
    this.#connected = true
    this.#breaks = 0
    this.#error = undefined
  }

  #follow(told: RemoteRevision): void {
    if (told.revision <= this.#seen) return
    const { engine } = this.parts
    try {
      const mutations = mutationsOf(engine, told.changes)
      if (mutations.length > 0) engine.follow(told.revision, mutations, told.cause)
    } catch (error) {
      // An index function of this store's kinds has thrown. What follows cannot be shown without this revision.
      this.#cancelWatch()
      this.#lost(error)
      return
    }
    this.#advance(told.revision)
  }

  #advance(revision: number): void {
    if (revision <= this.#seen) return
    this.#seen = revision
    const waiters = this.#waiters
    for (let next = waiters.peek(); next !== undefined && next.at <= revision; next = waiters.peek()) {
      waiters.pop()
      next.cancel?.()
      next.resolve()
    }
  }

  #lost(error: unknown): void {
    const { env } = this.parts.engine
    this.#connected = false
    this.#error = error
    this.#breaks++
    if (isFinal(error)) {
      env.logger.error({ err: error }, 'the store has ended: what it follows is not what it was')
      this.close(error)
      return
    }
    const isGap = isKeelsonError(error, 'Expired')
    const afterMs =
      isGap && this.#breaks === 1
        ? 0
        : backoffMs({ baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }, this.#breaks) *
          (1 - env.random.next() / 2)
    env.logger.warn({ err: error, afterMs }, 'the store is not connected; it answers with what it knows')
    this.#cancelRetry = env.clock.after(afterMs, () => {
      if (isGap) void this.#list()
      else this.#watch()
    })
  }

  async #list(): Promise<void> {
    try {
      const list = await this.#source.list()
      if (this.#closed) return
      const { engine } = this.parts
      if (list.revision < this.#seen) throw wentBack(list.revision, this.#seen)
      const mutations = differences(engine, list.objects)
      this.#alive()
      if (list.revision > this.#seen) {
        this.#skipped++
        engine.followOverGap(list.revision, mutations)
        this.#advance(list.revision)
      }
      this.#watch()
    } catch (error) {
      if (this.#closed) return
      // What was missed is still missing.
      if (isFinal(error)) this.#lost(error)
      else this.#lost(isKeelsonError(error, 'Expired') ? error : gapBecause(error, this.#seen))
    }
  }
}

/**
 * Lists once, and follows from there on.
 *
 * @throws what the first list throws, and UsageError as `createStore`
 */
export async function startReplica(source: ReplicaSource, options: ReplicaOptions): Promise<Replica> {
  const list = await source.list()
  const { incarnation } = options
  const begin = { start: list.revision, ...(incarnation === undefined ? {} : { incarnation }) }
  const parts = storeParts(engineFor(options, begin))
  plantAll(parts.engine, list.objects)
  return new Replica(parts, source)
}

/** No second attempt changes anything about it. */
function isFinal(error: unknown): error is Error {
  return isKeelsonError(error, 'Corrupt', 'Unsupported', 'Usage')
}

function wentBack(revision: number, seen: number): KeelsonError {
  const reason = `it is at revision ${revision}, and was at ${seen} before: it has lost data`
  return new KeelsonError({
    code: 'Corrupt',
    message: `the store that is followed has gone back: ${reason}; make sure which data is right, then connect again`,
    details: { path: '', reason },
  })
}

function notArrived(revision: number, withinMs: number, cause: unknown): KeelsonError {
  const reason = `revision ${revision} has not arrived here within ${withinMs} ms`
  return new KeelsonError({
    code: 'Unavailable',
    message: `what was asked for has happened, and ${reason}; see \`freshness\` for why, and read before you write again`,
    details: { reason, sent: true },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** A list that has failed is tried again, as a list. */
function gapBecause(cause: unknown, seen: number): KeelsonError {
  return new KeelsonError({
    code: 'Expired',
    message: `what came after revision ${seen} must be listed, and that has failed`,
    details: { revision: seen, oldestAvailable: seen },
    cause,
  })
}
