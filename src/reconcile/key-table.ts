import { type HeapHandle, heapHandle } from '../core/index.js'

/** How many reasons a record remembers; the oldest goes first. */
export const reasonsMax = 4

/**
 * Everything known about one key. The record is its own entry in the ready list (`before`, `after`) and in the
 * delay heap (`at`, `sequence`, `slot`), so no other structure is indexed by the key.
 */
export interface KeyRecord<K> extends HeapHandle {
  readonly id: string
  readonly key: K
  /** Work is wanted that no run has begun to serve. */
  dirty: boolean
  /** A worker holds the key. */
  processing: boolean
  /** Failed runs since the last success. */
  failures: number
  /** Lost write races since the last run that did not end in one. */
  conflicts: number
  /** Monotonic time at which the key became dirty; meaningful while dirty. */
  dirtySinceMs: number
  /** Monotonic time at which the worker took it; meaningful while processing. */
  takenAtMs: number
  /** Why work is wanted: the last few distinct reasons, oldest first. */
  reasons: string[]
  inReadyList: boolean
  before: KeyRecord<K> | undefined
  after: KeyRecord<K> | undefined
}

/** One record per key that has anything to remember; a key without a record is idle and healthy. */
export class KeyTable<K> {
  readonly #records = new Map<string, KeyRecord<K>>()
  readonly #idOf: (key: K) => string

  constructor(idOf: (key: K) => string) {
    this.#idOf = idOf
  }

  get size(): number {
    return this.#records.size
  }

  find(key: K): KeyRecord<K> | undefined {
    return this.#records.get(this.#idOf(key))
  }

  /** The record of `key`, made when there is none. */
  open(key: K): KeyRecord<K> {
    const id = this.#idOf(key)
    const known = this.#records.get(id)
    if (known !== undefined) return known
    const record: KeyRecord<K> = {
      ...heapHandle(),
      id,
      key,
      dirty: false,
      processing: false,
      failures: 0,
      conflicts: 0,
      dirtySinceMs: 0,
      takenAtMs: 0,
      reasons: [],
      inReadyList: false,
      before: undefined,
      after: undefined,
    }
    this.#records.set(id, record)
    return record
  }

  /** Frees a record that has nothing left to remember. */
  release(record: KeyRecord<K>): void {
    const { dirty, processing, slot, failures, conflicts } = record
    if (!dirty && !processing && slot === -1 && failures === 0 && conflicts === 0)
      this.#records.delete(record.id)
  }

  /** All records, in the order in which they were made. */
  values(): IterableIterator<KeyRecord<K>> {
    return this.#records.values()
  }
}

/** Remembers a reason once; the newest are kept. */
export function remember<K>(record: KeyRecord<K>, reason: string | undefined): void {
  if (reason === undefined || record.reasons.includes(reason)) return
  if (record.reasons.length === reasonsMax) record.reasons.shift()
  record.reasons.push(reason)
}
