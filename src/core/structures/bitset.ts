import { assertValid, InvalidError } from '../errors.js'
import { wholeNumber } from '../whole-number.js'
import { lowestBit, SummaryTree } from './summary-tree.js'

/**
 * A set of small integers that grows as needed and finds its first member or first gap in O(log n) with base
 * 32: four steps for a million. Memory: a bit per integer up to the largest ever added, plus 1/16.
 */
export class Bitset {
  /** Integers from here on are refused. */
  readonly limit: number
  #words: Uint32Array = new Uint32Array(0)
  #some: SummaryTree = new SummaryTree()
  #room: SummaryTree = new SummaryTree()
  #count = 0

  /**
   * @param limit members are integers in `[0, limit)`; default 2^24, at most 2^31
   * @throws InvalidError for any other limit
   */
  constructor(limit: number = 2 ** 24) {
    assertValid('bitset', wholeNumber('limit', limit, { max: 2 ** 31 }))
    this.limit = limit
  }

  /** How many members there are. O(1). */
  get count(): number {
    return this.#count
  }

  has(index: number): boolean {
    return ((this.#words[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0 && this.#accepts(index)
  }

  /**
   * Adds a member. False when it was in already.
   *
   * @throws InvalidError unless `index` is an integer in `[0, limit)`
   */
  add(index: number): boolean {
    if (!this.#accepts(index)) {
      throw new InvalidError('bitset', wholeNumber('index', index, { max: this.limit - 1 }))
    }
    const word = index >>> 5
    if (word >= this.#words.length) this.#grow(word + 1)
    const before = this.#words[word] as number
    const after = (before | (1 << (index & 31))) >>> 0
    if (before === after) return false
    this.#words[word] = after
    this.#count++
    if (before === 0) this.#some.mark(word, true)
    if (after === 0xffff_ffff) this.#room.mark(word, false)
    return true
  }

  /** Takes a member out. False when it was not in. */
  delete(index: number): boolean {
    if (!this.has(index)) return false
    const word = index >>> 5
    const before = this.#words[word] as number
    const after = (before & ~(1 << (index & 31))) >>> 0
    this.#words[word] = after
    this.#count--
    if (after === 0) this.#some.mark(word, false)
    if (before === 0xffff_ffff) this.#room.mark(word, true)
    return true
  }

  clear(): void {
    this.#words = new Uint32Array(0)
    this.#count = 0
    this.#some = new SummaryTree()
    this.#room = new SummaryTree()
  }

  /** The smallest member ≥ `from`, an integer ≥ 0. Undefined when there is none. */
  firstSet(from: number = 0): number | undefined {
    const word = Math.floor(from / 32)
    if (word >= this.#words.length) return undefined
    const here = (this.#words[word] as number) & (-1 << (from & 31))
    if (here !== 0) return word * 32 + lowestBit(here)
    const next = this.#some.next(word + 1)
    return next < 0 ? undefined : next * 32 + lowestBit(this.#words[next] as number)
  }

  /** The smallest integer ≥ `from` that is not a member. Undefined when there is none below the limit. */
  firstClear(from: number = 0): number | undefined {
    const found = this.#firstClear(from)
    return found < this.limit ? found : undefined
  }

  /** The members, ascending. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let at = this.firstSet(); at !== undefined; at = this.firstSet(at + 1)) yield at
  }

  #firstClear(from: number): number {
    const words = this.#words
    const word = Math.floor(from / 32)
    if (word >= words.length) return from
    const here = ~(words[word] as number) & (-1 << (from & 31))
    if (here !== 0) return word * 32 + lowestBit(here)
    const next = this.#room.next(word + 1)
    return next < 0 ? words.length * 32 : next * 32 + lowestBit(~(words[next] as number))
  }

  #accepts(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.limit
  }

  #grow(needed: number): void {
    const before = this.#words.length
    const size = Math.min(Math.max(needed, before * 2, 4), Math.ceil(this.limit / 32))
    const grown = new Uint32Array(size)
    grown.set(this.#words)
    this.#words = grown
    this.#some.resize(size)
    this.#room.resize(size)
    for (let word = before; word < size; word++) this.#room.mark(word, true)
  }
}
