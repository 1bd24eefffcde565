import { IndexedHeap } from '../../core/internal.js'
import type { KeyRecord } from './key-record.js'

/** The narrowest slot. What is due in a slot that is reached is put in order by a heap. */
const TICK_MS = 64
const BITS = 6
const SLOTS = 1 << BITS
const LEVELS = 5
/** Beyond these, more than two years from the origin, records wait in one list. */
const TICKS = 2 ** (BITS * LEVELS)

type Bucket<K> = KeyRecord<K>[]

/**
 * Records by the time at which they are due; of equal times the first that came is first. A hierarchical timing wheel
 * (Varghese and Lauck 1987) holds what is far off: to put a record in or to take it out touches no other but one, however
 * many there are. As time gets to a slot, its records move to narrower ones, and from the narrowest into a heap.
 *
 * In the wheel, `slot` of a record is its place in its bucket, which follows from `at`: the level is that of the highest
 * digit, of six bits, in which its tick differs from the present one.
 */
export class DelayWheel<K> {
  /** Those due before the present tick. */
  readonly #near = new IndexedHeap<KeyRecord<K>>()
  /** By level and slot, as far as they were used. */
  readonly #levels: (Bucket<K> | undefined)[][] = []
  #beyond: Bucket<K> = []
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
    this.#firstMs ??= this.#first()?.at ?? Number.POSITIVE_INFINITY
    return this.#firstMs
  }

  /** Puts in a record that is in no wheel, for `atMs`, which is `nowMs` or later. */
  push(record: KeyRecord<K>, atMs: number, nowMs: number): void {
    if (this.#size === 0) {
      this.#originMs = nowMs
      this.#tick = 0
      this.#firstMs = atMs
    } else if (this.#firstMs !== undefined && atMs < this.#firstMs) this.#firstMs = atMs
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

  #place(record: KeyRecord<K>): void {
    const tick = this.#tickOf(record)
    if (tick < this.#tick) return this.#near.push(record, record.at, record.sequence)
    const bucket = this.#bucketAt(tick)
    record.slot = bucket.length
    bucket.push(record)
  }

  #take(record: KeyRecord<K>): void {
    if (this.#near.remove(record)) return
    const bucket = this.#bucketAt(this.#tickOf(record))
    const last = bucket.pop() as KeyRecord<K>
    if (last !== record) {
      bucket[record.slot] = last
      last.slot = record.slot
    }
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
    const slots = (this.#levels[level] ??= new Array<Bucket<K> | undefined>(SLOTS).fill(undefined))
    return (slots[slotOf(level, tick)] ??= [])
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
        if (this.#levels[level]?.[slotOf(level, tick)]?.length) return this.#turnTo(level, tick)
    }
    // More than two years are over, or nothing was due in them.
    this.#originMs = this.#beyond.reduce((first, { at }) => Math.min(first, at), Number.POSITIVE_INFINITY)
    this.#tick = 0
    const beyond = this.#beyond
    this.#beyond = []
    for (const record of beyond) this.#place(record)
  }

  /** @param tick the first of a slot of the level */
  #turnTo(level: number, tick: number): void {
    if (level > 0) return this.#reach(tick)
    const due = this.#empty(0, tick)
    this.#reach(tick + 1)
    for (const record of due) {
      record.slot = -1
      this.#place(record)
    }
  }

  /** What stands in the slots that begin at `tick` moves to narrower ones. */
  #reach(tick: number): void {
    this.#tick = tick
    for (let level = LEVELS - 1; level > 0; level--) {
      if (tick % 2 ** (level * BITS) !== 0 || tick >= TICKS) continue
      for (const record of this.#empty(level, tick)) this.#place(record)
    }
  }

  #empty(level: number, tick: number): Bucket<K> {
    const slots = this.#levels[level] ?? []
    const bucket = slots[slotOf(level, tick)] ?? []
    if (bucket.length > 0) slots[slotOf(level, tick)] = undefined
    return bucket
  }
}

function slotOf(level: number, tick: number): number {
  return (tick >>> (level * BITS)) & (SLOTS - 1)
}
