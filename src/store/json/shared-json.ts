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
  const keys = Object.keys(value)
  let same = previous !== undefined && keys.length === Object.keys(previous).length
  for (const key of keys) {
    const before = previous !== undefined && Object.hasOwn(previous, key) ? previous[key] : undefined
    const item = shareJson(value[key], before)
    if (item !== before) same = false
    if (item !== value[key]) value[key] = item
  }
  return same ? previous : Object.freeze(value)
}
