import { IndexedHeap } from '../../core/internal.js'
import type { KeyRecord, ReadyOrder } from './key-record.js'
import { PriorityLevel } from './key-record.js'

/** Empty levels that are kept for their next use. */
const EMPTY_LEVELS_MAX = 64

/** A look by the low bits of a priority finds one of the few that are in use without a look into a table. */
const LOW_BITS = 15

/**
 * Ready keys by priority, which grows by one point for every `ageMs` of waiting. All keys age alike, so the order
 * of two waiting keys never changes: it is that of `readyAt − priority · ageMs`, ties going to the higher priority.
 * A level is first in, first out; a heap of the levels by their first keys finds the next key of all.
 */
export class PriorityLevels<K> implements ReadyOrder<K> {
  readonly #ageMs: number
  readonly #levels = new Map<number, PriorityLevel<K>>()
  readonly #occupied = new IndexedHeap<PriorityLevel<K>>()
  readonly #atHand = new Array<PriorityLevel<K> | undefined>(LOW_BITS + 1).fill(undefined)
  #length = 0

  /** @param ageMs above 0; Infinity for priorities that do not age */
  constructor(ageMs: number) {
    this.#ageMs = ageMs
  }

  get length(): number {
    return this.#length
  }

  push(record: KeyRecord<K>, nowMs: number): void {
    const level = this.#levelOf(record.priority)
    record.wantedAtMs = nowMs
    record.level = level
    level.push(record)
    this.#length++
    if (level.head === record) this.#occupy(level, nowMs)
  }

  raise(record: KeyRecord<K>, nowMs: number): void {
    const { level } = record
    if (level === undefined) return
    if (this.#rank(nowMs, record.priority) >= this.#rank(record.readyAtMs, level.priority)) return
    this.remove(record)
    this.push(record, nowMs)
  }

  shift(): KeyRecord<K> | undefined {
    const record = this.#occupied.peek()?.head
    if (record !== undefined) this.remove(record)
    return record
  }

  oldest(): KeyRecord<K> | undefined {
    let oldest: KeyRecord<K> | undefined
    for (const { head } of this.#occupied) oldest = head?.earlier(oldest) ?? oldest
    return oldest
  }

  remove(record: KeyRecord<K>): void {
    const level = record.level as PriorityLevel<K>
    const { before, readyAtMs } = record
    level.remove(record)
    record.level = undefined
    this.#length--
    if (before !== undefined) return
    const { head } = level
    if (head === undefined) this.#vacate(level)
    else if (head.readyAtMs !== readyAtMs) this.#reorder(level, head)
  }

  inOrder(): readonly KeyRecord<K>[] {
    const ranked = [...this.#occupied].flatMap(level =>
      [...level].map(record => ({ record, level, rank: this.#rank(record.readyAtMs, level.priority) })),
    )
    // Sorting is stable, and a level gives its records in order.
    ranked.sort((a, b) => a.rank - b.rank || b.level.priority - a.level.priority)
    return ranked.map(({ record }) => record)
  }

  #rank(readyAtMs: number, priority: number): number {
    return this.#ageMs === Number.POSITIVE_INFINITY ? -priority : readyAtMs - priority * this.#ageMs
  }

  #levelOf(priority: number): PriorityLevel<K> {
    const atHand = this.#atHand[priority & LOW_BITS]
    return atHand?.priority === priority ? atHand : this.#open(priority)
  }

  #open(priority: number): PriorityLevel<K> {
    let level = this.#levels.get(priority)
    if (level === undefined) {
      level = new PriorityLevel(priority, this)
      this.#levels.set(priority, level)
    }
    this.#atHand[priority & LOW_BITS] = level
    return level
  }

  #occupy(level: PriorityLevel<K>, nowMs: number): void {
    this.#occupied.push(level, this.#rank(nowMs, level.priority), -level.priority)
  }

  #reorder(level: PriorityLevel<K>, { readyAtMs }: KeyRecord<K>): void {
    this.#occupied.update(level, this.#rank(readyAtMs, level.priority))
  }

  #vacate(level: PriorityLevel<K>): void {
    this.#occupied.remove(level)
    if (this.#levels.size <= EMPTY_LEVELS_MAX) return
    this.#levels.delete(level.priority)
    this.#atHand[level.priority & LOW_BITS] = undefined
  }
}
