import type { HeapHandle } from '../../core/index.js'
import { InvalidError, KeelsonError } from '../../core/index.js'
import type { KeyHistory } from '../limiters/key-history.js'
import { untroubled } from '../limiters/key-history.js'
import type { PriorityLevel } from './priority-levels.js'

/** How many reasons a record remembers; the oldest goes first. */
export const REASONS_MAX = 4

const noReasons: readonly string[] = []

/**
 * Everything known about one key. The record is its own entry in the list of a priority level
 * (`before`, `after`) and in the delay heap (`at`, `sequence`, `slot`), so no other structure is indexed by the key.
 */
export class KeyRecord<K> implements HeapHandle {
  readonly key: K
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

  constructor(key: K) {
    this.key = key
  }

  /** Empty when the queue is not divided into classes. */
  get fairClass(): string {
    return ''
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
    this.reasons = [...this.reasons.slice(1 - REASONS_MAX), reason]
  }

  forgetReasons(): void {
    this.reasons = noReasons
  }
}

/** The record of a key in a queue that is divided into classes; the others need no room for one. */
class ClassRecord<K> extends KeyRecord<K> {
  readonly #fairClass: string

  constructor(key: K, fairClass: string) {
    super(key)
    this.#fairClass = fairClass
  }

  override get fairClass(): string {
    return this.#fairClass
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

/** One record per key that has anything to remember, and some of keys that rest. */
export class KeyTable<K> {
  readonly #options: KeyTableOptions<K>
  readonly #records = new Map<string, KeyRecord<K>>()
  #idle = 0
  /** Its worker speaks of it several times in a row. */
  #taken: KeyRecord<K> | undefined
  /** Those of keys that are objects, while workers hold them: an object is found faster than its text. */
  readonly #held = new Map<K, KeyRecord<K>>()

  constructor(options: KeyTableOptions<K>) {
    this.#options = options
  }

  /** Keys that have something to remember. */
  get size(): number {
    return this.#records.size - this.#idle
  }

  /** The record, idle or not. */
  find(key: K): KeyRecord<K> | undefined {
    const taken = this.#taken
    if (taken !== undefined && taken.key === key) return taken
    const held = typeof key === 'object' ? this.#held.get(key) : undefined
    if (held !== undefined) return held
    return this.#records.get(this.#idOf(key))
  }

  /**
   * The record of `key`, made when there is none. Give it something to remember.
   *
   * @throws KeelsonError `TooLarge` when the table is full
   */
  open(key: K): KeyRecord<K> {
    const id = this.#idOf(key)
    const known = this.#records.get(id)
    if (known !== undefined && !known.isIdle) return known
    if (this.size >= this.#options.keysMax) throw full(this.#options.keysMax)
    if (known !== undefined) {
      this.#idle--
      return known
    }
    const record = this.#make(key)
    this.#records.set(id, record)
    return record
  }

  /** Finds `record` faster until it is given back, or, for a key that is a text, until the next one is taken. */
  take(record: KeyRecord<K>): void {
    this.#taken = record
    if (typeof record.key === 'object') this.#held.set(record.key, record)
  }

  /** Its worker is done with it. */
  giveBack(record: KeyRecord<K>): void {
    if (typeof record.key === 'object') this.#held.delete(record.key)
  }

  /** Call after a record may have become idle: it is kept for its next use while there is room, or else freed. */
  release(record: KeyRecord<K>): void {
    if (!record.isIdle) return
    if (this.#taken === record) this.#taken = undefined
    if (this.#idle < this.#options.idleKeysMax) this.#idle++
    else this.#records.delete(this.#idOf(record.key))
  }

  /** All records with something to remember, in the order in which they were made. */
  *values(): IterableIterator<KeyRecord<K>> {
    for (const record of this.#records.values()) if (!record.isIdle) yield record
  }

  #idOf(key: K): string {
    if (typeof key === 'string' && this.#options.idOf === String) return key
    return text('idOf(key)', this.#options.idOf(key))
  }

  #make(key: K): KeyRecord<K> {
    const { classOf } = this.#options
    return classOf === undefined
      ? new KeyRecord(key)
      : new ClassRecord(key, text('classOf(key)', classOf(key)))
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
