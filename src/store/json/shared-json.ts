/**
 * Freezes parsed JSON as it is, with every part that equals that of `previous` replaced by it: states that are read back share
 * what those that were written shared.
 *
 * @returns `previous` when both are equal
 */
export function shareJson(value: unknown, previous: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return shareList(value, Array.isArray(previous) ? previous : undefined)
  const isObject = typeof previous === 'object' && previous !== null && !Array.isArray(previous)
  return shareObject(value as JsonObject, isObject ? (previous as JsonObject) : undefined)
}

type JsonObject = Record<string, unknown>

function shareList(value: unknown[], previous: readonly unknown[] | undefined): unknown {
  let same = value.length === previous?.length
  for (let index = 0; index < value.length; index++) {
    const before = previous?.[index]
    const item = shareJson(value[index], before)
    if (item !== before) same = false
    value[index] = item
  }
  return same ? previous : Object.freeze(value)
}

function shareObject(value: JsonObject, previous: Readonly<JsonObject> | undefined): unknown {
  let same = previous !== undefined
  let count = 0
  // What was parsed inherits nothing that could be told; what it is compared with might, under the same name.
  for (const key in value) {
    count++
    const item = value[key]
    const before = previous === undefined ? undefined : previous[key]
    if (typeof item !== 'object' || item === null) {
      if (item !== before) same = false
      // An equal text of another one is kept twice otherwise.
      else if (typeof item === 'string') value[key] = before
      continue
    }
    const shared = shareJson(item, before === Object.prototype ? undefined : before)
    if (shared !== before) same = false
    if (shared !== item) value[key] = shared
  }
  return same && count === countOf(previous) ? previous : Object.freeze(value)
}

function countOf(value: object | undefined): number {
  let count = 0
  for (const _key in value) count++
  return count
}
