const PAGE_BITS = 6
const PAGE_SIZE = 2 ** PAGE_BITS

interface Page<T> {
  readonly values: (T | undefined)[]
  used: number
}

/**
 * Values by whole number, in pages of 64 that are there while something is in them: read as fast as a list where numbers
 * are close to each other, and no larger than what is held where they are far apart.
 */
export class PagedArray<T extends object> {
  readonly #pages: (Page<T> | undefined)[] = []

  get(index: number): T | undefined {
    return this.#pages[index >>> PAGE_BITS]?.values[index % PAGE_SIZE]
  }

  set(index: number, value: T): void {
    const page = (this.#pages[index >>> PAGE_BITS] ??= { values: emptyPage(), used: 0 })
    if (page.values[index % PAGE_SIZE] === undefined) page.used++
    page.values[index % PAGE_SIZE] = value
  }

  /** Takes the value out; undefined when there is none. */
  take(index: number): T | undefined {
    const page = this.#pages[index >>> PAGE_BITS]
    const value = page?.values[index % PAGE_SIZE]
    if (page === undefined || value === undefined) return undefined
    page.values[index % PAGE_SIZE] = undefined
    if (--page.used === 0) this.#pages[index >>> PAGE_BITS] = undefined
    return value
  }

  /** Ascending; what is taken out meanwhile is left out. */
  *entries(): IterableIterator<readonly [index: number, value: T]> {
    for (const [at, page] of this.#pages.entries())
      for (const [offset, value] of page?.values.entries() ?? [])
        if (value !== undefined) yield [at * PAGE_SIZE + offset, value]
  }
}

/** With a place for each value, so that it stays a list of that length for the engine. */
function emptyPage<T>(): (T | undefined)[] {
  return new Array<T | undefined>(PAGE_SIZE).fill(undefined)
}
