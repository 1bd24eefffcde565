import { UsageError } from '../../core/index.js'
import { adoptJson } from '../json/json-border.js'
import type { Kind } from '../kind/kind.js'
import { fieldTypeOf } from '../kind/merge-type.js'
import type { ManagedFields, StoredObject } from '../object/object.js'
import type { ObjectParts } from '../object/object-parts.js'
import { ownedDocument } from './owned-document.js'
import type { OwnerId } from './owners.js'
import { ownersOf, takeOwnership } from './take-ownership.js'

/** Owns what a writer without a name has changed, in an object whose fields are looked after. */
const UNNAMED_MANAGER = 'unknown'
const MANAGER_LENGTH_MAX = 128

/** What a write knows of the owners of fields. */
export interface Ownership {
  /** Who writes. */
  readonly fieldManager?: string | undefined
  /** The owners, when they have been decided already; empty to forget them. */
  readonly managedFields?: readonly ManagedFields[] | undefined
}

/**
 * The parts with the owners of their fields. Nobody's fields are looked after until somebody applies, or writes under
 * a name; until then this costs nothing.
 *
 * @throws UsageError for an invalid manager name
 */
export function trackOwners(
  kind: Kind,
  before: StoredObject | undefined,
  parts: ObjectParts,
  ownership: Ownership & { readonly part: 'main' | 'status' },
): ObjectParts {
  const known = before?.metadata.managedFields
  const { part, fieldManager, managedFields } = ownership
  if (known === undefined && fieldManager === undefined && managedFields === undefined) return parts
  assertManager(fieldManager ?? UNNAMED_MANAGER)
  const by = ownerIdOf(part, fieldManager ?? UNNAMED_MANAGER, 'Update')
  const next = managedFields ?? ownersAfter(kind, before, parts, by) ?? known
  const adopted = adoptJson(next ?? [], known, { subject: kind.kind, field: 'metadata.managedFields' })
  const list = adopted as readonly ManagedFields[]
  return { ...parts, managedFields: list.length === 0 ? undefined : list }
}

function ownersAfter(
  kind: Kind,
  before: StoredObject | undefined,
  parts: ObjectParts,
  by: OwnerId,
): readonly ManagedFields[] | undefined {
  const type = fieldTypeOf(kind)
  const old = ownedDocument(kind, before ?? {})
  const young = ownedDocument(kind, { metadata: parts, spec: parts.spec, status: parts.status })
  const owners = before === undefined ? [] : ownersOf(before.metadata.managedFields, old, type)
  const half = by.subresource ?? 'main'
  return takeOwnership(owners, by, { before: old[half], after: young[half] }, type)
}

/** An owner's name and role. */
export function ownerIdOf(
  part: 'main' | 'status',
  manager: string,
  operation: OwnerId['operation'],
): OwnerId {
  return part === 'status' ? { manager, operation, subresource: 'status' } : { manager, operation }
}

/** @throws UsageError */
export function assertManager(manager: unknown): void {
  if (typeof manager === 'string' && manager.length > 0 && manager.length <= MANAGER_LENGTH_MAX) return
  throw new UsageError(`fieldManager must be a text of 1 to ${MANAGER_LENGTH_MAX} characters`, {
    fieldManager: manager,
  })
}
