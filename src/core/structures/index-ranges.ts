import { InvalidError } from '../errors.js'

const DIGITS_MAX = 10
const [ZERO, COMMA, DASH] = [0x30, 0x2c, 0x2d]

/**
 * A set of whole numbers ≥ 0, kept as ranges: what is full costs as much as what is empty. Its text is that of a
 * Kubernetes Job: `0-2,4,6,7`; two neighbours are listed, three or more are a range.
 */
export class IndexRanges {
  /** First and last of each range, both inclusive, ascending, with a gap between any two. */
  readonly #ends: number[] = []
  #size = 0
  /** Kept from one `toString` to the next, while no more than one number is added. */
  #text: string | undefined
  #canPatch = true

  /**
   * @param below every index must be smaller
   * @throws InvalidError of the field '' when it cannot be read, is not ascending, or reaches `below`
   */
  static parse(text: string, below: number = Number.MAX_SAFE_INTEGER): IndexRanges {
    const ranges = new IndexRanges()
    let isPlain = true
    let first = -1
    let [value, digits] = [0, 0]
    // Characters and no pattern: the status of a job is read at each look at it, and may have thousands of ranges.
    for (let at = 0; at <= text.length && text !== ''; at += 1) {
      const code = at < text.length ? text.charCodeAt(at) : COMMA
      const digit = code - ZERO
      if (digit >= 0 && digit <= 9 && digits < DIGITS_MAX) {
        if (digits === 1 && value === 0) isPlain = false
        value = value * 10 + digit
        digits += 1
        continue
      }
      if (digits > 0 && code === DASH && first < 0) first = value
      else if (digits > 0 && code === COMMA && ranges.#canAppend(first < 0 ? value : first, value, below)) {
        if (!ranges.#append(first < 0 ? value : first, value)) isPlain = false
        first = -1
      } else throw unreadable(text, at, below)
      value = 0
      digits = 0
    }
    if (isPlain) ranges.#text = text
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
    const joinsBefore = at >= 0 && ends[at + 1] === index - 1
    const joinsAfter = ends[next] === index + 1
    const from = joinsBefore ? at : next
    const text = this.#canPatch ? this.#text : undefined
    const before = text === undefined ? '' : this.#write(from, joinsBefore && !joinsAfter ? next : next + 2)
    this.#size += 1
    if (joinsBefore && joinsAfter) ends.splice(at + 1, 2)
    else if (joinsBefore) ends[at + 1] = index
    else if (joinsAfter) ends[next] = index
    else ends.splice(next, 0, index, index)
    const after = text === undefined ? '' : this.#write(from, joinsBefore || joinsAfter ? from + 2 : from + 4)
    this.#text = text === undefined ? undefined : replaced(text, before, after)
    this.#canPatch = false
    return true
  }

  /** Takes out every number that is not smaller. */
  keepBelow(limit: number): void {
    const ends = this.#ends
    if ((ends.at(-1) ?? -1) < limit) return
    const at = this.#rangeAt(limit - 1)
    ends.length = at + 2
    if (at >= 0) ends[at + 1] = Math.min(ends[at + 1] ?? 0, limit - 1)
    this.#size = 0
    for (let range = 0; range < ends.length; range += 2)
      this.#size += (ends[range + 1] ?? 0) - (ends[range] ?? 0) + 1
    this.#text = undefined
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
    this.#text ??= this.#write(0, this.#ends.length)
    this.#canPatch = true
    return this.#text
  }

  /** The text of the ranges whose ends stand at `from` up to `to`. */
  #write(from: number, to: number): string {
    const pieces: string[] = []
    for (let at = from; at < Math.min(to, this.#ends.length); at += 2) {
      const first = this.#ends[at] ?? 0
      const last = this.#ends[at + 1] ?? 0
      if (first === last) pieces.push(`${first}`)
      else pieces.push(last === first + 1 ? `${first},${last}` : `${first}-${last}`)
    }
    return pieces.join(',')
  }

  /** Where the last range begins that begins at or before `index`; −2 when there is none. */
  #rangeAt(index: number): number {
    let low = 0
    let high = this.#ends.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ends[middle * 2] ?? 0) <= index) low = middle + 1
      else high = middle
    }
    return (low - 1) * 2
  }

  #canAppend(first: number, last: number, below: number): boolean {
    return first <= last && first > (this.#ends.at(-1) ?? -1) && last < below
  }

  /** True when `toString` would write it as one more piece. */
  #append(first: number, last: number): boolean {
    const ends = this.#ends
    const { length } = ends
    this.#size += last - first + 1
    if (length > 0 && ends[length - 1] === first - 1) {
      ends[length - 1] = last
      return last === first && ends[length - 2] === first - 1
    }
    ends.push(first, last)
    return last === first || last > first + 1
  }
}

/** The text with some of its pieces replaced; without pieces, with others at its end. */
function replaced(text: string, before: string, after: string): string {
  if (before === '') return text === '' ? after : `${text},${after}`
  const at = `,${text},`.indexOf(`,${before},`)
  return `${text.slice(0, at)}${after}${text.slice(at + before.length)}`
}

/** @param at of the first character that is wrong, or the end of a piece that is */
function unreadable(text: string, at: number, below: number): InvalidError {
  const start = at === 0 ? 0 : text.lastIndexOf(',', at - 1) + 1
  const [piece] = text.slice(start).split(',', 1)
  const message = `${JSON.stringify(piece)} must be an index below ${below} or a range such as 3-5, in ascending order`
  return new InvalidError('indexes', [{ field: '', value: text, message }])
}
