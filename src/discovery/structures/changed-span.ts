/** Where two lists differ: they hold the same objects before `from`, and from their ends on. */
export interface ChangedSpan {
  readonly from: number
  readonly beforeEnd: number
  readonly afterEnd: number
}

/** The shortest span outside of which both lists are the same; it looks at none of the objects. */
export function changedSpan<T>(before: readonly T[], after: readonly T[]): ChangedSpan {
  const shorter = Math.min(before.length, after.length)
  let from = 0
  while (from < shorter && before[from] === after[from]) from++
  let beforeEnd = before.length
  let afterEnd = after.length
  while (beforeEnd > from && afterEnd > from && before[beforeEnd - 1] === after[afterEnd - 1]) {
    beforeEnd--
    afterEnd--
  }
  return { from, beforeEnd, afterEnd }
}

/** What one list holds and another does not. */
export interface ChangedItems<T> {
  readonly gone: readonly T[]
  readonly come: readonly T[]
}

/** The objects that are in one of the lists only, looked for where the lists differ. */
export function changedItems<T>(before: readonly T[], after: readonly T[]): ChangedItems<T> {
  const { from, beforeEnd, afterEnd } = changedSpan(before, after)
  const gone = before.slice(from, beforeEnd)
  const come = after.slice(from, afterEnd)
  if (gone.length === 0 || come.length === 0 || gone.length + come.length === 2) return { gone, come }
  const [old, fresh] = [new Set(gone), new Set(come)]
  return { gone: gone.filter(item => !fresh.has(item)), come: come.filter(item => !old.has(item)) }
}
