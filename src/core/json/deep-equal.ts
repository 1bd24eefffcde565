/**
 * Whether two JSON values are equal. Key order does not matter, array order does; an absent key and one that
 * is `undefined` differ. Parts that are the same object are equal at once, so comparing two versions that share
 * structure costs only what differs. For JSON values only: no cycles, no class instances.
 */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && equalArrays(a, b)
  }
  return equalObjects(a as Members, b as Members)
}

type Members = Readonly<Record<string, unknown>>

function equalArrays(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((member, i) => deepEqual(member, b[i]))
}

function equalObjects(a: Members, b: Members): boolean {
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(key => Object.hasOwn(b, key) && deepEqual(a[key], b[key]))
}
