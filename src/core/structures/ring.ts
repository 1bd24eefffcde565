import { InvalidError } from '../errors.js'

/** Bounds of a {@link SequenceRing}. */
export interface SequenceRingOptions {
  /** Most entries kept; a further one drops the oldest. Default 65,536. */
  readonly entriesMax?: number
  /** Sequence of the first entry. Default 0. */
  readonly start?: number
}

/**
 * A log of the latest entries, addressed by a sequence that only grows. Appending and reading are O(1).
 * The buffer doubles up to the power of two that holds `entriesMax`; it does not shrink.
 */
export class SequenceRing<T> {
  readonly entriesMax: number
  #slots: (T | undefined)[] = []
  /** Slot of the lowest sequence. */
  #head = 0
  #lowest: number
  #next: number

  /** @throws InvalidError unless `entriesMax` is an integer from 1 to 2^30 and `start` a safe integer ≥ 0 */
  constructor(options: SequenceRingOptions = {}) {
    const { entriesMax = 65_536, start = 0 } = options
    if (!Number.isInteger(entriesMax) || entriesMax < 1 || entriesMax > 2 ** 30) {
      throw invalid('entriesMax', entriesMax, 'must be an integer from 1 to 2^30')
    }
    if (!Number.isSafeInteger(start) || start < 0) throw invalid('start', start, 'must be a safe integer ≥ 0')
    this.entriesMax = entriesMax
    this.#lowest = start
    this.#next = start
  }

  /** Sequence of the oldest entry kept; equal to `next` when there is none. */
  get lowest(): number {
    return this.#lowest
  }

  /** Sequence that the next entry will get. */
  get next(): number {
    return this.#next
  }

  get size(): number {
    return this.#next - this.#lowest
  }

  /** Appends an entry and returns its sequence. When full, the oldest entry is dropped first. */
  push(entry: T): number {
    if (this.size === this.entriesMax) this.dropBefore(this.#lowest + 1)
    if (this.size === this.#slots.length) this.#grow()
    const sequence = this.#next++
    this.#slots[this.#slotOf(sequence)] = entry
    return sequence
  }

  /** The entry with this sequence; undefined when it was dropped or is not there yet. */
  get(sequence: number): T | undefined {
    if (!(sequence >= this.#lowest && sequence < this.#next)) return undefined
    return this.#slots[this.#slotOf(sequence)]
  }

  /** Drops all entries with a smaller sequence, and returns how many. Past `next` it drops everything there is. */
  dropBefore(sequence: number): number {
    const end = Math.min(sequence, this.#next)
    const dropped = Math.max(0, end - this.#lowest)
    for (let i = 0; i < dropped; i++) this.#slots[(this.#head + i) & (this.#slots.length - 1)] = undefined
    this.#head = (this.#head + dropped) & (this.#slots.length - 1)
    this.#lowest += dropped
    return dropped
  }

  /** Entries from `sequence` on, oldest first; from the oldest kept when `sequence` was dropped. */
  *entriesFrom(sequence: number = this.#lowest): IterableIterator<readonly [number, T]> {
    for (let at = Math.max(sequence, this.#lowest); at < this.#next; at++) {
      // Entries may be dropped while a reader is paused: it goes on with the oldest that is left.
      if (at < this.#lowest) at = this.#lowest
      if (at < this.#next) yield [at, this.#slots[this.#slotOf(at)] as T]
    }
  }

  // Offsets from the head stay small, so the mask is exact where a sequence may be beyond 32 bits.
  #slotOf(sequence: number): number {
    return (this.#head + (sequence - this.#lowest)) & (this.#slots.length - 1)
  }

  #grow(): void {
    const before = this.#slots
    const size = Math.max(16, before.length * 2)
    const grown = Array.from({ length: size }, (_, i): T | undefined =>
      i < before.length ? before[(this.#head + i) & (before.length - 1)] : undefined,
    )
    this.#slots = grown
    this.#head = 0
  }
}

function invalid(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('ring', [{ field, value, message }])
}
