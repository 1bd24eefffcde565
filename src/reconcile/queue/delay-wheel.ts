import { IndexedHeap, LinkedList } from '../../core/internal.js'
import type { KeyRecord } from './key-record.js'

/** The narrowest slot. What is due in a slot that is reached is put in order by a heap. */
const TICK_MS = 64
const BITS = 6
const SLOTS = 1 << BITS
const LEVELS = 5
/** Beyond these, more than two years from the origin, records wait in one list. */
const TICKS = 2 ** (BITS * LEVELS)

type Bucket<K> = LinkedList<KeyRecord<K>>

/** The `slot` of a record that is in a bucket, where it needs no place. */
const IN_BUCKET = 0

/**
 * Records by the time at which they are due; of equal times the first that came is first. A hierarchical timing wheel
 * (Varghese and Lauck 1987) holds what is far off: to put a record in or to take it out touches no other but one, however
 * many there are. As time gets to a slot, its records move to narrower ones, and from the narrowest into a heap.
 *
 * Which bucket a record is in follows from its `at`: the level is that of the highest digit, of six bits, in which its tick
 * differs from the present one. A delayed key is not ready, so its record is free to be an entry in the list of a bucket.
 */
export class DelayWheel<K> {
  /** Those due before the present tick. */
  readonly #near = new IndexedHeap<KeyRecord<K>>()
  /** By level and slot, as far as they were used. */
  readonly #levels: (Bucket<K> | undefined)[][] = []
  #beyond: Bucket<K> = new LinkedList()
  /** Time of tick 0. */
  #originMs = 0
  #tick = 0
  #size = 0
  #sequence = 0
  /** Due time of the first; undefined when it is not known without looking. */
  #firstMs: number | undefined = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#size
  }

  /** Due time of the first record; Infinity when there is none. */
  get firstMs(): number {
    return this.#firstMs ?? this.#findFirstMs()
  }

  /** Puts in a record that is in no wheel, for `atMs`, which is `nowMs` or later. */
  push(record: KeyRecord<K>, atMs: number, nowMs: number): void {
    if (this.#size === 0) this.#begin(nowMs)
    if (this.#firstMs !== undefined && atMs < this.#firstMs) this.#firstMs = atMs
    record.at = atMs
    record.sequence = this.#sequence++
    this.#size++
    this.#place(record)
  }

  /** Moves a record that is in to an earlier time. */
  advance(record: KeyRecord<K>, atMs: number): void {
    this.#take(record)
    record.at = atMs
    if (this.#firstMs !== undefined && atMs < this.#firstMs) this.#firstMs = atMs
    this.#place(record)
  }

  /** False when it was not in. */
  remove(record: KeyRecord<K>): boolean {
    if (record.slot === -1) return false
    this.#take(record)
    this.#size--
    if (record.at === this.#firstMs) this.#firstMs = undefined
    return true
  }

  /** Takes out the first record if it is due by then. */
  shift(untilMs: number): KeyRecord<K> | undefined {
    const first = this.#first()
    if (first === undefined || first.at > untilMs) return undefined
    this.remove(first)
    return first
  }

  /** With the first record. */
  #begin(nowMs: number): void {
    this.#originMs = nowMs
    this.#tick = 0
    this.#firstMs = Number.POSITIVE_INFINITY
  }

  #findFirstMs(): number {
    this.#firstMs = this.#first()?.at ?? Number.POSITIVE_INFINITY
    return this.#firstMs
  }

  #place(record: KeyRecord<K>): void {
    const tick = this.#tickOf(record)
    if (tick < this.#tick) return this.#near.push(record, record.at, record.sequence)
    record.slot = IN_BUCKET
    this.#bucketAt(tick).push(record)
  }

  #take(record: KeyRecord<K>): void {
    if (this.#near.remove(record)) return
    this.#bucketAt(this.#tickOf(record)).remove(record)
    record.slot = -1
  }

  #tickOf({ at }: KeyRecord<K>): number {
    return Math.floor((at - this.#originMs) / TICK_MS)
  }

  /** @param tick not before the present one */
  #bucketAt(tick: number): Bucket<K> {
    if (tick >= TICKS) return this.#beyond
    const digits = 31 - Math.clz32((tick ^ this.#tick) | (SLOTS - 1))
    const level = Math.floor(digits / BITS)
    return this.#levels[level]?.[slotOf(level, tick)] ?? this.#makeBucket(level, tick)
  }

  #makeBucket(level: number, tick: number): Bucket<K> {
    const slots = (this.#levels[level] ??= new Array<Bucket<K> | undefined>(SLOTS).fill(undefined))
    return (slots[slotOf(level, tick)] = new LinkedList())
  }

  #first(): KeyRecord<K> | undefined {
    while (this.#near.size === 0 && this.#size > 0) this.#turn()
    return this.#near.peek()
  }

  /** Goes to the next slot in which there is something. */
  #turn(): void {
    for (let level = 0; level < LEVELS; level++) {
      const width = 2 ** (level * BITS)
      const end = (Math.floor(this.#tick / (width * SLOTS)) + 1) * width * SLOTS
      for (let tick = this.#tick - (this.#tick % width); tick < end; tick += width)
        if (this.#levels[level]?.[slotOf(level, tick)]?.head) return this.#turnTo(level, tick)
    }
    // More than two years are over, or nothing was due in them.
    const beyond = this.#beyond
    this.#beyond = new LinkedList()
    this.#originMs = Number.POSITIVE_INFINITY
    for (const { at } of beyond) this.#originMs = Math.min(this.#originMs, at)
    this.#tick = 0
    this.#placeAll(beyond)
  }

  /** @param tick the first of a slot of the level */
  #turnTo(level: number, tick: number): void {
    if (level > 0) return this.#reach(tick)
    const due = this.#empty(0, tick)
    this.#reach(tick + 1)
    this.#placeAll(due)
  }

  /** What stands in the slots that begin at `tick` moves to narrower ones. */
  #reach(tick: number): void {
    this.#tick = tick
    for (let level = LEVELS - 1; level > 0; level--) {
      if (tick % 2 ** (level * BITS) !== 0 || tick >= TICKS) continue
      this.#placeAll(this.#empty(level, tick))
    }
  }

  /** Takes away the list of a slot. */
  #empty(level: number, tick: number): Bucket<K> | undefined {
    const slots = this.#levels[level]
    const bucket = slots?.[slotOf(level, tick)]
    if (slots !== undefined) slots[slotOf(level, tick)] = undefined
    return bucket
  }

  /** Moves what is in a list that was taken away. */
  #placeAll(bucket: Bucket<K> | undefined): void {
    for (let record = bucket?.head; record !== undefined; record = bucket?.head) {
      bucket?.remove(record)
      record.slot = -1
      this.#place(record)
    }
  }
}

function slotOf(level: number, tick: number): number {
  return (tick >>> (level * BITS)) & (SLOTS - 1)
}
