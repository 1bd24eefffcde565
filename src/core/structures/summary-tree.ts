/**
 * Which of many words are marked, found fast: each level holds one bit per word of the level below, so a search
 * over n words looks at no more than 2·log32(n) of them.
 */
export class SummaryTree {
  #levels: Uint32Array[] = [new Uint32Array(1)]

  /** Marks or unmarks a position, which must be below the last `resize`. */
  mark(position: number, marked: boolean): void {
    let at = position
    for (const level of this.#levels) {
      const word = at >>> 5
      const bit = 1 << (at & 31)
      const before = level[word] as number
      const after = marked ? before | bit : before & ~bit
      level[word] = after
      // Above, only "some" or "none" of this word is known.
      if ((before !== 0) === (after !== 0)) return
      at = word
    }
  }

  /** The first marked position at or after `from`, or -1. */
  next(from: number): number {
    const levels = this.#levels
    let at = from
    for (let depth = 0; depth < levels.length; depth++) {
      const level = levels[depth] as Uint32Array
      const word = at >>> 5
      if (word >= level.length) return -1
      const found = (level[word] as number) & (-1 << (at & 31))
      if (found !== 0) return this.#descend(depth, word * 32 + lowestBit(found))
      at = word + 1
    }
    return -1
  }

  /** Makes room for `count` positions, keeping the marks. */
  resize(count: number): void {
    const marks = this.#levels[0] as Uint32Array
    const grown: Uint32Array[] = []
    for (let words = count; words > 1 || grown.length === 0; ) {
      words = Math.max(1, Math.ceil(words / 32))
      grown.push(new Uint32Array(words))
    }
    this.#levels = grown
    for (let word = 0; word < marks.length; word++) {
      for (let left = marks[word] as number; left !== 0; left &= left - 1)
        this.mark(word * 32 + lowestBit(left), true)
    }
  }

  #descend(depth: number, position: number): number {
    let at = position
    for (let below = depth - 1; below >= 0; below--) {
      at = at * 32 + lowestBit((this.#levels[below] as Uint32Array)[at] as number)
    }
    return at
  }
}

/** Index of the lowest set bit of a word that is not zero. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}
