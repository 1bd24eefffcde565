import { InvalidError } from '../errors.js'

const PIECE_PATTERN = /^([0-9]{1,10})(?:-([0-9]{1,10}))?$/

/**
 * A set of whole numbers ≥ 0, kept as ranges: what is full costs as much as what is empty. Its text is that of a
 * Kubernetes Job: `0-2,4,6,7`; two neighbours are listed, three or more are a range.
 */
export class IndexRanges {
  /** First and last of each range, both inclusive, ascending, with a gap between any two. */
  readonly #ends: number[] = []
  #size = 0

  /**
   * @param below every index must be smaller
   * @throws InvalidError of the field '' when it cannot be read, is not ascending, or reaches `below`
   */
  static parse(text: string, below: number = Number.MAX_SAFE_INTEGER): IndexRanges {
    const ranges = new IndexRanges()
    if (text === '') return ranges
    for (const piece of text.split(',')) {
      const match = PIECE_PATTERN.exec(piece)
      const first = Number(match?.[1])
      const last = Number(match?.[2] ?? match?.[1])
      const isAscending = first <= last && first > (ranges.#ends.at(-1) ?? -1)
      if (match === null || !isAscending || last >= below) throw unreadable(text, piece, below)
      ranges.#append(first, last)
    }
    return ranges
  }

  /** How many numbers are in it. */
  get size(): number {
    return this.#size
  }

  has(index: number): boolean {
    const at = this.#rangeAt(index)
    return at >= 0 && index <= (this.#ends[at + 1] ?? -1)
  }

  /** True when it was not in it. */
  add(index: number): boolean {
    const ends = this.#ends
    const at = this.#rangeAt(index)
    const next = at + 2
    if (at >= 0 && index <= (ends[at + 1] ?? -1)) return false
    this.#size += 1
    const joinsBefore = at >= 0 && ends[at + 1] === index - 1
    const joinsAfter = ends[next] === index + 1
    if (joinsBefore && joinsAfter) ends.splice(at + 1, 2)
    else if (joinsBefore) ends[at + 1] = index
    else if (joinsAfter) ends[next] = index
    else ends.splice(next, 0, index, index)
    return true
  }

  /** The smallest number ≥ `from` that is not in it. */
  firstMissing(from: number): number {
    const at = this.#rangeAt(from)
    const last = at < 0 ? -1 : (this.#ends[at + 1] ?? -1)
    return from > last ? from : last + 1
  }

  /** True when each number of `other` is in it. */
  hasAll(other: IndexRanges): boolean {
    return other.countIn(this) === other.size
  }

  /** How many of its numbers are in `other`. */
  countIn(other: IndexRanges): number {
    let count = 0
    let theirs = 0
    for (let at = 0; at < this.#ends.length; at += 2) {
      const first = this.#ends[at] ?? 0
      const last = this.#ends[at + 1] ?? 0
      while (theirs < other.#ends.length && (other.#ends[theirs + 1] ?? 0) < first) theirs += 2
      for (let i = theirs; i < other.#ends.length && (other.#ends[i] ?? 0) <= last; i += 2)
        count += Math.min(last, other.#ends[i + 1] ?? 0) - Math.max(first, other.#ends[i] ?? 0) + 1
    }
    return count
  }

  toString(): string {
    const pieces: string[] = []
    for (let at = 0; at < this.#ends.length; at += 2) {
      const first = this.#ends[at] ?? 0
      const last = this.#ends[at + 1] ?? 0
      if (first === last) pieces.push(`${first}`)
      else pieces.push(last === first + 1 ? `${first},${last}` : `${first}-${last}`)
    }
    return pieces.join(',')
  }

  /** Where the last range begins that begins at or before `index`; −2 when there is none. */
  #rangeAt(index: number): number {
    let [low, high] = [0, this.#ends.length / 2]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ends[middle * 2] ?? 0) <= index) low = middle + 1
      else high = middle
    }
    return (low - 1) * 2
  }

  #append(first: number, last: number): void {
    const { length } = this.#ends
    this.#size += last - first + 1
    if (length > 0 && this.#ends[length - 1] === first - 1) this.#ends[length - 1] = last
    else this.#ends.push(first, last)
  }
}

function unreadable(text: string, piece: string, below: number): InvalidError {
  const message = `${JSON.stringify(piece)} must be an index below ${below} or a range such as 3-5, in ascending order`
  return new InvalidError('indexes', [{ field: '', value: text, message }])
}
