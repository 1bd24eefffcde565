/** A stretch of a list that comes `times` in a row. */
export interface Repeat<T> {
  /** The first time. */
  readonly items: readonly T[]
  readonly times: number
  /** All of it. */
  readonly all: readonly T[]
}

const PERIOD_MAX = 24
const TIMES_MIN = 3

/** Cuts a list into stretches, of which those that come three times in a row or more are told once. */
export function foldRepeats<T>(items: readonly T[], idOf: (item: T) => string): readonly Repeat<T>[] {
  const ids = items.map(idOf)
  const folded: Repeat<T>[] = []
  let plainFrom = 0
  for (let at = 0; at < items.length; ) {
    const found = repeatAt(ids, at)
    if (found === undefined) {
      at++
      continue
    }
    const { period, times } = found
    if (plainFrom < at) folded.push(once(items.slice(plainFrom, at)))
    folded.push({ items: items.slice(at, at + period), times, all: items.slice(at, at + period * times) })
    at += period * times
    plainFrom = at
  }
  if (plainFrom < items.length) folded.push(once(items.slice(plainFrom)))
  return folded
}

function once<T>(items: readonly T[]): Repeat<T> {
  return { items, times: 1, all: items }
}

/** The shortest stretch that begins at `at` and is repeated. */
function repeatAt(ids: readonly string[], at: number): { period: number; times: number } | undefined {
  for (let period = 1; period <= PERIOD_MAX; period++) {
    let end = at + period
    while (end < ids.length && ids[end] === ids[end - period]) end++
    const times = Math.floor((end - at) / period)
    if (times >= TIMES_MIN) return { period, times }
  }
  return undefined
}
