/** Texts that are ≥ `low` and < `high`. */
export interface TermRange {
  readonly low: string
  /** Undefined: every text from `low` on. */
  readonly high: string | undefined
}

export function isWithin({ low, high }: TermRange, text: string): boolean {
  return text >= low && (high === undefined || text < high)
}

/** What is in both. */
export function bothRanges(a: TermRange, b: TermRange): TermRange {
  const low = a.low > b.low ? a.low : b.low
  if (a.high === undefined || b.high === undefined) return { low, high: a.high ?? b.high }
  return { low, high: a.high < b.high ? a.high : b.high }
}

/** Every text that begins so. */
export function textsWith(prefix: string): TermRange {
  for (let end = prefix.length - 1; end >= 0; end--) {
    const unit = prefix.charCodeAt(end)
    if (unit < 0xffff) return { low: prefix, high: prefix.slice(0, end) + String.fromCharCode(unit + 1) }
  }
  return { low: prefix, high: undefined }
}

/** What comes after `mark`; before it, when read backwards. */
export function rangeAfter(mark: string, reverse: boolean): TermRange {
  return reverse ? { low: '', high: mark } : { low: `${mark}\u0000`, high: undefined }
}
