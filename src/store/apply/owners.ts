import type { ManagedFields } from '../object/object.js'
import type { FieldSet } from './field-set.js'
import { withAll, without } from './field-set.js'
import { formatFields, parseFields } from './field-text.js'

/** A manager and its fields, taken apart. */
export interface Owner extends Omit<ManagedFields, 'fields'> {
  readonly fields: FieldSet
}

/** Who owns fields; one entry of an object's owners. */
export type OwnerId = Omit<ManagedFields, 'fields'>

/** Managers that have written, without applying, are kept apart up to this number; the oldest are merged into one. */
const UPDATE_MANAGERS_MAX = 10
/** The name under which the oldest go on. */
const ANCIENT_MANAGER = 'ancient-changes'

/** Entries are frozen and shared between versions, so each is read once. */
const read: WeakMap<ManagedFields, FieldSet> = /* @__PURE__ */ new WeakMap()

/** The owners of an object's fields, those that have changed last at the end. */
export function readOwners(entries: readonly ManagedFields[]): readonly Owner[] {
  return entries.map(entry => {
    let fields = read.get(entry)
    if (fields === undefined) {
      fields = parseFields(entry.fields)
      read.set(entry, fields)
    }
    return { ...entry, fields }
  })
}

/** Owners as an object keeps them; who owns nothing is left out, and too many who only wrote become one. */
export function writeOwners(owners: readonly Owner[]): readonly ManagedFields[] {
  return foldOldest(owners.filter(owner => owner.fields.size > 0)).map(({ fields, ...id }) => {
    const entry: ManagedFields = Object.freeze({ ...id, fields: formatFields(fields) })
    read.set(entry, fields)
    return entry
  })
}

/** True for the same manager in the same role. */
export function sameOwner(one: OwnerId, other: OwnerId): boolean {
  return (
    one.manager === other.manager &&
    one.operation === other.operation &&
    one.subresource === other.subresource
  )
}

/** Everybody else, without the given fields. */
export function takeFrom(owners: readonly Owner[], id: OwnerId, taken: readonly string[]): readonly Owner[] {
  return owners
    .filter(owner => !sameOwner(owner, id))
    .map(owner => {
      const fields = without(owner.fields, taken)
      return fields === owner.fields ? owner : { ...owner, fields }
    })
}

/** The owners with one of them, who keeps its place unless it has other fields than before. */
export function withOwner(
  owners: readonly Owner[],
  before: readonly Owner[],
  owner: Owner,
): readonly Owner[] {
  const index = before.findIndex(one => sameOwner(one, owner))
  const old = before[index]
  const same =
    old !== undefined &&
    old.fields.size === owner.fields.size &&
    withAll(old.fields, owner.fields) === old.fields
  return same ? [...owners.slice(0, index), owner, ...owners.slice(index)] : [...owners, owner]
}

function foldOldest(owners: readonly Owner[]): readonly Owner[] {
  const writers = owners.filter(
    ({ operation, manager }) => operation === 'Update' && manager !== ANCIENT_MANAGER,
  )
  const oldest = new Set(writers.slice(0, Math.max(0, writers.length - UPDATE_MANAGERS_MAX)))
  let left = owners.filter(owner => !oldest.has(owner))
  for (const { fields, ...id } of oldest) {
    const ancient = { ...id, manager: ANCIENT_MANAGER }
    const known = left.find(owner => sameOwner(owner, ancient))
    const merged = { ...ancient, fields: known === undefined ? fields : withAll(known.fields, fields) }
    left = known === undefined ? [merged, ...left] : left.map(owner => (owner === known ? merged : owner))
  }
  return left
}
