/** What one list holds and another does not. */
export interface ChangedItems<T> {
  readonly gone: readonly T[]
  readonly come: readonly T[]
}

/**
 * The objects that are in one of the lists only, in the order of the lists. It looks into none of them. Where few are put
 * in, taken out or replaced, it goes through both lists once and makes nothing but the two answers.
 */
export function changedItems<T>(before: readonly T[], after: readonly T[]): ChangedItems<T> {
  const gone: T[] = []
  const come: T[] = []
  let old = 0
  let fresh = 0
  while (old < before.length && fresh < after.length) {
    const left = before[old] as T
    const right = after[fresh] as T
    if (left === right) {
      old++
      fresh++
    } else if (before[old + 1] === right) gone.push(before[old++] as T)
    else if (after[fresh + 1] === left) come.push(after[fresh++] as T)
    else {
      gone.push(before[old++] as T)
      come.push(after[fresh++] as T)
    }
  }
  for (; old < before.length; old++) gone.push(before[old] as T)
  for (; fresh < after.length; fresh++) come.push(after[fresh] as T)
  return withoutMoved(gone, come)
}

/** What is on both sides has only another place. */
function withoutMoved<T>(gone: readonly T[], come: readonly T[]): ChangedItems<T> {
  if (gone.length === 0 || come.length === 0) return { gone, come }
  if (gone.length + come.length === 2 && gone[0] !== come[0]) return { gone, come }
  const [left, right] = [new Set(gone), new Set(come)]
  return { gone: gone.filter(item => !right.has(item)), come: come.filter(item => !left.has(item)) }
}
