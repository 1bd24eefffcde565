import { deepEqual, isRecord } from '../../core/internal.js'
import type { Json } from './json-border.js'
import type { JsonPatchOperation } from './json-patch.js'
import { pointerToken } from './json-pointer.js'

/**
 * The JSON Patch (RFC 6902) that turns `before` into `after`; empty when they are equal. Parts that are the same
 * object are skipped unread, so two versions of a stored object cost what differs. Lists are compared by position
 * between their common beginning and end: a patch is right, not always the shortest. As in JSON, a member that is
 * undefined is not there, and an item that is undefined is null.
 */
export function diffJson(before: unknown, after: unknown): readonly JsonPatchOperation[] {
  const changes: JsonPatchOperation[] = []
  diffValue(before ?? null, after ?? null, { path: '', changes })
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
  else if (isRecord(before) && isRecord(after)) diffMembers(before, after, place)
  else place.changes.push({ op: 'replace', path: place.path, value: jsonOf(after) })
}

function diffMembers(before: Members, after: Members, { path, changes }: Place): void {
  for (const key of keysOf(before)) {
    const at = `${path}/${pointerToken(key)}`
    if (!has(after, key)) changes.push({ op: 'remove', path: at })
    else diffValue(before[key], after[key], { path: at, changes })
  }
  for (const key of keysOf(after)) {
    if (!has(before, key))
      changes.push({ op: 'add', path: `${path}/${pointerToken(key)}`, value: jsonOf(after[key]) })
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
    diffValue(before[index] ?? null, after[index] ?? null, { path: `${path}/${index}`, changes })
  for (let index = before.length - tail - 1; index >= common; index--)
    changes.push({ op: 'remove', path: `${path}/${index}` })
  for (let index = common; index < after.length - tail; index++)
    changes.push({ op: 'add', path: `${path}/${index}`, value: jsonOf(after[index]) })
}

function has(members: Members, key: string): boolean {
  return Object.hasOwn(members, key) && members[key] !== undefined
}

function keysOf(members: Members): readonly string[] {
  return Object.keys(members).filter(key => members[key] !== undefined)
}

/** The value itself, or a copy without what is undefined. */
function jsonOf(value: unknown): Json {
  if (Array.isArray(value)) {
    const items = value.map(jsonOf)
    return items.every((item, index) => item === value[index]) ? (value as Json) : items
  }
  if (!isRecord(value)) return (value ?? null) as Json
  const members = keysOf(value).map(key => [key, jsonOf(value[key])] as const)
  const isSame =
    members.length === Object.keys(value).length && members.every(([key, member]) => member === value[key])
  return isSame ? (value as Json) : Object.fromEntries(members)
}
