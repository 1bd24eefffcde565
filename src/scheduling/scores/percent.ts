/** Below this, a hundred times the number is a safe integer. */
const EXACT_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 100)

/** Whole percent that `part` is of `whole`, the rest cut off as in 64-bit integer division. Both ≥ 0, `whole` > 0. */
export function wholePercent(part: number, whole: number): number {
  if (part <= EXACT_MAX && whole <= EXACT_MAX)
    return Math.floor((part * 100 - ((part * 100) % whole)) / whole)
  return Number((BigInt(part) * 100n) / BigInt(whole))
}
