import { deepEqual } from '../../core/internal.js'
import type { FieldType } from '../kind/merge-type.js'
import type { FieldSet } from './field-set.js'
import { collectFields, collectPaths } from './field-set.js'
import type { Members } from './members.js'
import { membersOf } from './members.js'

/** What lies between two states of a value. */
export interface FieldChanges {
  /** Added, or with another value. */
  readonly changed: FieldSet
  /** No longer there. */
  readonly removed: FieldSet
  /** Those of the removed which had to give way to something of another shape. */
  readonly displaced: FieldSet
  /** What is there as before, with nothing left in it. */
  readonly emptied: FieldSet
}

interface OpenChanges {
  readonly changed: Set<string>
  readonly removed: Set<string>
  readonly displaced: Set<string>
  readonly emptied: Set<string>
}

/** Compares two states field by field. Parts that both share cost nothing. */
export function compareFields(before: unknown, after: unknown, type: FieldType): FieldChanges {
  const changes: OpenChanges = {
    changed: new Set(),
    removed: new Set(),
    displaced: new Set(),
    emptied: new Set(),
  }
  compare({ before, after, type, path: '' }, changes)
  return changes
}

interface Pair {
  readonly before: unknown
  readonly after: unknown
  readonly type: FieldType
  readonly path: string
}

function compare({ before, after, type, path }: Pair, changes: OpenChanges): void {
  if (before === after) return
  if (before === undefined) return collectFields(after, type, path, changes.changed)
  if (after === undefined) return collectPaths(before, type, path, changes.removed)
  const old = membersOf(before, type)
  const young = membersOf(after, type)
  if (old !== undefined && old.shape === young?.shape) {
    if (young.byElement.size === 0 && old.byElement.size > 0 && !type.root) changes.emptied.add(path)
    return compareMembers(old, young, path, changes)
  }
  if (deepEqual(before, after)) return
  const gone = new Set<string>()
  collectPaths(before, type, path, gone)
  collectFields(after, type, path, changes.changed)
  for (const field of gone) {
    if (changes.changed.has(field)) continue
    changes.removed.add(field)
    changes.displaced.add(field)
  }
}

function compareMembers(old: Members, young: Members, path: string, changes: OpenChanges): void {
  const { shape } = young
  for (const [element, { value: after, type }] of young.byElement) {
    const before = old.byElement.get(element)
    if (before === undefined && shape !== 'fields') changes.changed.add(path + element)
    if (shape !== 'set') compare({ before: before?.value, after, type, path: path + element }, changes)
  }
  for (const [element, { value: before, type }] of old.byElement) {
    if (!young.byElement.has(element)) collectPaths(before, type, path + element, changes.removed)
  }
}
