import { deepEqual } from '../../core/internal.js'
import type { Json } from './json-border.js'
import type { JsonPatchOperation } from './json-patch.js'
import { pointerToken } from './json-pointer.js'

/**
 * The JSON Patch (RFC 6902) that turns `before` into `after`; empty when they are equal. Parts that are the same
 * object are skipped unread, so two versions of a stored object cost what differs. Lists are compared by position
 * between their common beginning and end: a patch is right, not always the shortest.
 */
export function diffJson(before: unknown, after: unknown): readonly JsonPatchOperation[] {
  const changes: JsonPatchOperation[] = []
  diffValue(before, after, { path: '', changes })
  return changes
}

interface Place {
  readonly path: string
  readonly changes: JsonPatchOperation[]
}

type Members = Readonly<Record<string, unknown>>

function diffValue(before: unknown, after: unknown, place: Place): void {
  if (before === after) return
  if (Array.isArray(before) && Array.isArray(after)) diffList(before, after, place)
  else if (isMembers(before) && isMembers(after)) diffMembers(before, after, place)
  else place.changes.push({ op: 'replace', path: place.path, value: after as Json })
}

function diffMembers(before: Members, after: Members, { path, changes }: Place): void {
  for (const key of Object.keys(before)) {
    const at = `${path}/${pointerToken(key)}`
    if (!Object.hasOwn(after, key)) changes.push({ op: 'remove', path: at })
    else diffValue(before[key], after[key], { path: at, changes })
  }
  for (const key of Object.keys(after)) {
    if (Object.hasOwn(before, key)) continue
    changes.push({ op: 'add', path: `${path}/${pointerToken(key)}`, value: after[key] as Json })
  }
}

function diffList(before: readonly unknown[], after: readonly unknown[], { path, changes }: Place): void {
  const shorter = Math.min(before.length, after.length)
  let from = 0
  while (from < shorter && deepEqual(before[from], after[from])) from++
  let tail = 0
  while (tail < shorter - from && deepEqual(before[before.length - 1 - tail], after[after.length - 1 - tail]))
    tail++
  const common = shorter - tail
  for (let index = from; index < common; index++)
    diffValue(before[index], after[index], { path: `${path}/${index}`, changes })
  for (let index = before.length - tail - 1; index >= common; index--)
    changes.push({ op: 'remove', path: `${path}/${index}` })
  for (let index = common; index < after.length - tail; index++)
    changes.push({ op: 'add', path: `${path}/${index}`, value: after[index] as Json })
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
