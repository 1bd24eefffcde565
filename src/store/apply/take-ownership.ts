import type { FieldType } from '../kind/merge-type.js'
import type { ManagedFields } from '../object/object.js'
import { compareFields } from './compare-fields.js'
import type { FieldSet } from './field-set.js'
import { withAll, without } from './field-set.js'
import type { OwnedDocument } from './owned-document.js'
import type { Owner, OwnerId } from './owners.js'
import { readOwners, sameOwner, takeFrom, withOwner, writeOwners } from './owners.js'

/** Owns what was there before anybody's fields were known. */
const EARLIER_MANAGER = 'before-first-apply'

/** The owners of an object, also of one whose fields have had no owners so far. */
export function ownersOf(
  managed: readonly ManagedFields[] | undefined,
  { main, status }: OwnedDocument,
  type: FieldType,
): readonly Owner[] {
  if (managed !== undefined) return readOwners(managed)
  const id = { manager: EARLIER_MANAGER, operation: 'Update' } as const
  const all: readonly Owner[] = [
    { ...id, fields: everythingIn(main, type) },
    { ...id, subresource: 'status', fields: everythingIn(status, type) },
  ]
  return all.filter(owner => owner.fields.size > 0)
}

/** As if somebody had written all of it. */
function everythingIn(document: unknown, type: FieldType): FieldSet {
  return new Set(compareFields({}, document, type).changed.keys())
}

/** A plain write: the writer owns what it has changed, nobody what is gone. */
export function takeOwnership(
  owners: readonly Owner[],
  by: OwnerId,
  states: { readonly before: unknown; readonly after: unknown },
  type: FieldType,
): readonly ManagedFields[] | undefined {
  const { changed, removed } = compareFields(states.before, states.after, type)
  if (changed.size === 0 && removed.size === 0) return undefined
  const own = owners.find(owner => sameOwner(owner, by))?.fields ?? new Set<string>()
  const others = takeFrom(owners, by, [...changed.keys(), ...removed])
  const fields = withAll(without(own, removed), changed.keys())
  return writeOwners(withOwner(others, owners, { ...by, fields }))
}
