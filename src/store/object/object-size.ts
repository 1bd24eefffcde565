import { KeelsonError } from '../../core/index.js'
import type { StoredObject } from './object.js'
import { describeObject, idOf } from './object.js'

/** @throws KeelsonError `TooLarge` for an object whose JSON has more bytes than are allowed */
export function assertSize(object: StoredObject, objectBytesMax: number): void {
  if (objectBytesMax === Number.POSITIVE_INFINITY) return
  if (jsonBytes(object, objectBytesMax) <= objectBytesMax) return
  const id = idOf(object)
  throw new KeelsonError({
    code: 'TooLarge',
    message:
      `${describeObject(id)} has more than ${objectBytesMax} bytes as JSON; ` +
      'keep the bulk elsewhere and refer to it, or raise objectBytesMax of the store',
    details: { ...id, objectBytesMax },
  })
}

/** The length of `JSON.stringify(value)` in UTF-8; stops counting a little above `max`. */
export function jsonBytes(value: unknown, max: number = Number.POSITIVE_INFINITY): number {
  if (typeof value === 'string') return stringBytes(value, max)
  if (typeof value !== 'object' || value === null) return String(value).length
  // The brackets, and a comma between each two members.
  let bytes = 1
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) {
      bytes += 1 + jsonBytes(item, max - bytes)
      if (bytes > max) return bytes
    }
  } else {
    const record = value as Readonly<Record<string, unknown>>
    for (const key in record) {
      bytes += 2 + stringBytes(key, max - bytes)
      bytes += jsonBytes(record[key], max - bytes)
      if (bytes > max) return bytes
    }
  }
  return bytes === 1 ? 2 : bytes
}

function stringBytes(text: string, max: number): number {
  // No character takes less than a byte.
  if (text.length > max) return text.length + 2
  let bytes = 2
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit === 0x22 || unit === 0x5c) bytes += 2
    else if (unit >= 0x20 && unit < 0x80) bytes += 1
    else if (unit < 0x20) bytes += SHORT_ESCAPES.has(unit) ? 2 : 6
    else if (unit < 0x800) bytes += 2
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 3
    else if (isPair(unit, text.charCodeAt(index + 1))) {
      bytes += 4
      index++
    }
    // A lone surrogate is written as an escape.
    else bytes += 6
  }
  return bytes
}

/** `\b`, `\t`, `\n`, `\f` and `\r`. */
const SHORT_ESCAPES: ReadonlySet<number> = /* @__PURE__ */ new Set([8, 9, 10, 12, 13])

function isPair(high: number, low: number): boolean {
  return high < 0xdc00 && low >= 0xdc00 && low <= 0xdfff
}
