import { type HeapHandle, InvalidError, KeelsonError } from '../core/index.js'
import { KeyList } from './key-list.js'
import { type KeyHistory, untroubled } from './key-history.js'
import type { PriorityLevel } from './priority-levels.js'

/** How many reasons a record remembers; the oldest goes first. */
export const reasonsMax = 4

const noReasons: readonly string[] = []

/**
 * Everything known about one key. The record is its own entry in the list of a priority level or of idle keys
 * (`before`, `after`) and in the delay heap (`at`, `sequence`, `slot`), so no other structure is indexed by the key.
 */
export class KeyRecord<K> implements HeapHandle {
  readonly key: K
  /** Empty when the queue is not divided into classes. */
  readonly fairClass: string
  /** Monotonic time at which a delayed key is due, or at which a ready or held one became wanted. */
  at = 0
  sequence = 0
  slot = -1
  /** Work is wanted that no run has begun to serve. */
  dirty = false
  /** A worker holds the key. */
  processing = false
  /** The highest asked for since the key became wanted. */
  priority = 0
  /** Monotonic time at which the worker took it; meaningful while processing. */
  takenAtMs = 0
  history: KeyHistory = untroubled
  /** Why work is wanted: the last few distinct reasons, oldest first. */
  reasons: readonly string[] = noReasons
  /** To be called when the delay is not waited out. */
  refund: (() => void) | undefined = undefined
  /** The level in which a ready key stands. */
  level: PriorityLevel<K> | undefined = undefined
  before: KeyRecord<K> | undefined = undefined
  after: KeyRecord<K> | undefined = undefined

  constructor(key: K, fairClass: string) {
    this.key = key
    this.fairClass = fairClass
  }

  /** Ready, held or delayed. */
  get isWanted(): boolean {
    return this.dirty || this.slot !== -1
  }

  /** True when nothing would be lost with the record. */
  get isIdle(): boolean {
    return !this.dirty && !this.processing && this.slot === -1 && this.history === untroubled
  }

  /** Remembers a reason once; the newest are kept. */
  remember(reason: string | undefined): void {
    if (reason === undefined || this.reasons.includes(reason)) return
    this.reasons = [...this.reasons.slice(1 - reasonsMax), reason]
  }

  forgetReasons(): void {
    this.reasons = noReasons
  }
}

/** How a key table is made. */
export interface KeyTableOptions<K> {
  readonly idOf: (key: K) => string
  readonly classOf: ((key: K) => string) | undefined
  /** Most keys that may have something to remember. */
  readonly keysMax: number
  /** Most idle records that are kept for the next use of their keys. */
  readonly idleKeysMax: number
}

/** One record per key that has anything to remember, and those of the keys that were used last. */
export class KeyTable<K> {
  readonly #options: KeyTableOptions<K>
  readonly #records = new Map<string, KeyRecord<K>>()
  /** The record that waited longest for its next use is first. */
  readonly #idle = new KeyList<K>()
  /** The record used last: a worker speaks of one key several times in a row. */
  #recent: KeyRecord<K> | undefined

  constructor(options: KeyTableOptions<K>) {
    this.#options = options
  }

  /** Keys that have something to remember. */
  get size(): number {
    return this.#records.size - this.#idle.length
  }

  find(key: K): KeyRecord<K> | undefined {
    const recent = this.#recent
    if (recent !== undefined && recent.key === key) return recent
    const record = this.#records.get(this.#idOf(key))
    if (record !== undefined) this.#recent = record
    return record
  }

  /**
   * The record of `key`, made when there is none. Give it something to remember, or `release` it.
   *
   * @throws KeelsonError `TooLarge` when the table is full
   */
  open(key: K): KeyRecord<K> {
    const known = this.find(key)
    if (known !== undefined && !known.isIdle) return known
    if (this.size >= this.#options.keysMax) throw full(this.#options.keysMax)
    if (known !== undefined) {
      this.#idle.remove(known)
      return known
    }
    const id = this.#idOf(key)
    const record = new KeyRecord(key, this.#classOf(key))
    this.#records.set(id, record)
    this.#recent = record
    return record
  }

  /** Call after a record may have become idle: it is kept for a while, and the oldest idle one may be freed. */
  release(record: KeyRecord<K>): void {
    if (!record.isIdle) return
    this.#idle.push(record)
    if (this.#idle.length > this.#options.idleKeysMax) this.#free(this.#idle.head as KeyRecord<K>)
  }

  /** The taken record is what its worker will speak of next. */
  touch(record: KeyRecord<K>): void {
    this.#recent = record
  }

  /** All records with something to remember, in the order in which they were made. */
  *values(): IterableIterator<KeyRecord<K>> {
    for (const record of this.#records.values()) if (!record.isIdle) yield record
  }

  #free(record: KeyRecord<K>): void {
    this.#idle.remove(record)
    this.#records.delete(this.#idOf(record.key))
    if (this.#recent === record) this.#recent = undefined
  }

  #idOf(key: K): string {
    return text('idOf(key)', this.#options.idOf(key))
  }

  #classOf(key: K): string {
    const { classOf } = this.#options
    return classOf === undefined ? '' : text('classOf(key)', classOf(key))
  }
}

function text(field: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new InvalidError('key', [{ field, value, message: 'must be a string' }])
}

function full(keysMax: number): KeelsonError {
  return new KeelsonError({
    code: 'TooLarge',
    message: `the queue has ${keysMax} keys, which is its keysMax; let workers catch up, or raise it`,
    details: { keysMax },
  })
}
