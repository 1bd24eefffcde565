import { deepEqual } from '../../core/internal.js'
import type { FieldType } from '../kind/merge-type.js'
import type { FieldSet } from './field-set.js'
import type { Members } from './members.js'
import { membersOf } from './members.js'

/** Both values of a field; undefined for none. */
export interface FieldChange {
  readonly before: unknown
  readonly after: unknown
}

/** What lies between two states of a value. */
export interface FieldChanges {
  /** Added, with everything around and in it that was added too, or with another value. */
  readonly changed: ReadonlyMap<string, FieldChange>
  /** No longer there, with everything that was in it. */
  readonly removed: FieldSet
  /** Those of the removed which had to give way to something of another shape. */
  readonly displaced: ReadonlyMap<string, FieldChange>
}

interface OpenChanges {
  readonly changed: Map<string, FieldChange>
  readonly removed: Set<string>
  readonly displaced: Map<string, FieldChange>
}

/** Compares two states field by field. Parts that both share cost nothing. */
export function compareFields(before: unknown, after: unknown, type: FieldType): FieldChanges {
  const changes: OpenChanges = { changed: new Map(), removed: new Set(), displaced: new Map() }
  compare({ before, after, type, path: '' }, changes)
  return changes
}

interface Pair extends FieldChange {
  readonly type: FieldType
  readonly path: string
}

function compare({ before, after, type, path }: Pair, changes: OpenChanges): void {
  if (before === after) return
  if (before === undefined)
    return visit(after, type, path, (at, value) => void changes.changed.set(at, { before, after: value }))
  if (after === undefined) return visit(before, type, path, at => void changes.removed.add(at))
  const old = membersOf(before, type)
  const young = membersOf(after, type)
  if (old !== undefined && old.shape === young?.shape) return compareMembers(old, young, path, changes)
  if (deepEqual(before, after)) return
  replaced({ before, after, type, path }, changes)
}

/** A value of one shape, or one that is merged as a whole, instead of another. */
function replaced({ before, after, type, path }: Pair, { changed, removed, displaced }: OpenChanges): void {
  const gone = new Map<string, unknown>()
  visit(before, type, path, (at, value) => void gone.set(at, value))
  visit(after, type, path, (at, value) => void changed.set(at, { before: gone.get(at), after: value }))
  for (const [at, value] of gone) {
    if (changed.has(at)) continue
    removed.add(at)
    displaced.set(at, { before: value, after: undefined })
  }
}

function compareMembers(old: Members, young: Members, path: string, changes: OpenChanges): void {
  const { byElement } = young
  for (const [element, { value: after, type }] of byElement) {
    const before = old.byElement.get(element)?.value
    if (young.shape !== 'set' || before === undefined)
      compare({ before, after, type, path: path + element }, changes)
  }
  for (const [element, { value: before, type }] of old.byElement) {
    if (!byElement.has(element)) compare({ before, after: undefined, type, path: path + element }, changes)
  }
}

/** Every path at and below `path`, but for the parts of a document that are always there. */
function visit(
  value: unknown,
  type: FieldType,
  path: string,
  take: (path: string, value: unknown) => void,
): void {
  const members = membersOf(value, type)
  if (!type.root || members === undefined) take(path, value)
  for (const [element, member] of members?.byElement ?? [])
    visit(member.value, member.type, path + element, take)
}
