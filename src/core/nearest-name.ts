/** The most similar name, if it is similar: a third of it, and at least two characters, may be wrong. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  let found: string | undefined
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  // What is much longer than every name is like none of them.
  if (name.length > 100) return undefined
  for (const candidate of names) {
    const edits = editsBetween(name.toLowerCase(), candidate.toLowerCase())
    if (edits >= least) continue
    least = edits
    found = candidate
  }
  return found
}

/** Levenshtein's distance, row by row. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let line = 1; line <= a.length; line++) {
    const next = [line]
    for (let column = 1; column <= b.length; column++) {
      const replaced = (row[column - 1] as number) + (a[line - 1] === b[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[column] as number) + 1, (next[column - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
