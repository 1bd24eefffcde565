import { InvalidError, KeelsonError } from '../../core/index.js'
import type { KeyIndex } from './key-index.js'
import { ClassRecord, KeyRecord } from './key-record.js'

/** How a key table is made. */
export interface KeyTableOptions<K> {
  readonly index: KeyIndex<K>
  readonly classOf: ((key: K) => string) | undefined
  /** Most keys that may have something to remember. */
  readonly keysMax: number
  /** Most idle records that are kept for the next use of their keys. */
  readonly idleKeysMax: number
}

/** One record per key that has anything to remember, and some of keys that rest. */
export class KeyTable<K> {
  readonly #options: KeyTableOptions<K>
  readonly #records: KeyIndex<K>
  #size = 0
  /** Records in the index, those of keys at rest included. */
  #made = 0
  /** Its worker speaks of it several times in a row. */
  #taken: KeyRecord<K> | undefined

  constructor(options: KeyTableOptions<K>) {
    this.#options = options
    this.#records = options.index
  }

  /** Keys that have something to remember. */
  get size(): number {
    return this.#size
  }

  /** The record, idle or not. */
  find(key: K): KeyRecord<K> | undefined {
    const taken = this.#taken
    if (taken !== undefined && taken.key === key) return taken
    return this.#records.find(key)
  }

  /**
   * The record of `key`, made when there is none. Give it something to remember.
   *
   * @throws KeelsonError `TooLarge` when the table is full
   */
  open(key: K): KeyRecord<K> {
    const known = this.#records.find(key)
    if (known !== undefined && !known.isIdle) return known
    if (this.#size >= this.#options.keysMax) throw full(this.#options.keysMax)
    const record = known ?? this.#make(key)
    this.#size++
    return record
  }

  /** Finds `record` faster until the next one is taken. */
  take(record: KeyRecord<K>): void {
    this.#taken = record
  }

  /** Call after a record may have become idle: it is kept for its next use while there is room, or else freed. */
  release(record: KeyRecord<K>): void {
    if (!record.isIdle) return
    if (this.#taken === record) this.#taken = undefined
    this.#size--
    if (this.#made - this.#size > this.#options.idleKeysMax) this.#drop(record)
  }

  /** All records with something to remember. */
  *values(): IterableIterator<KeyRecord<K>> {
    for (const record of this.#records.values()) if (!record.isIdle) yield record
  }

  #make(key: K): KeyRecord<K> {
    const { classOf } = this.#options
    const record = classOf === undefined ? new KeyRecord(key) : new ClassRecord(key, assertText(classOf(key)))
    this.#records.add(record)
    this.#made++
    return record
  }

  #drop(record: KeyRecord<K>): void {
    this.#records.remove(record)
    this.#made--
  }
}

function assertText(value: unknown): string {
  if (typeof value === 'string') return value
  throw new InvalidError('key', [{ field: 'classOf(key)', value, message: 'must be a string' }])
}

function full(keysMax: number): KeelsonError {
  return new KeelsonError({
    code: 'TooLarge',
    message: `the queue has ${keysMax} keys, which is its keysMax; let workers catch up, or raise it`,
    details: { keysMax },
  })
}
