import type { FieldProblem } from '../../core/index.js'
import type { Ownership } from '../apply/track-owners.js'
import { trackOwners } from '../apply/track-owners.js'
import type { KindTable } from '../engine/kind-table.js'
import { assertObject, envelopeProblems, subjectOf } from '../kind/envelope.js'
import { immutableProblems } from '../kind/immutable.js'
import { adoptMetadata, metadataProblems } from '../object/metadata.js'
import type { ObjectInput, ObjectRef, StoredObject } from '../object/object.js'
import { checkedRef } from '../object/object-name.js'
import { joinParts } from '../object/object-parts.js'
import { refuse } from '../object/store-errors.js'
import { checkedCandidate } from './checked-candidate.js'
import { completesDeletion, deletionProblems } from './deletion.js'
import { assertFresh, assertUid } from './freshness.js'
import { impossibleOwners } from './impossible-owners.js'
import type { ModifyWrite, Part, UpdateWrite } from './object-write.js'
import { assertPreconditions, assertStatusSubresource, existingObject } from './preconditions.js'
import { putObject, removeObject, sealParts } from './put-object.js'
import { applyRecipe } from './recipe.js'
import type { FieldOwner, Preconditions } from './write-options.js'
import type { WriteSite } from './write-site.js'

/** @throws InvalidError, NotFoundError, ConflictError; UsageError for a status that has no way of its own */
export function updateObject(
  site: WriteSite,
  table: KindTable,
  { verb, object: input, options: { unconditional = false, fieldManager, preconditions } }: UpdateWrite,
): StoredObject {
  const { kind } = table
  const part = verb === 'update' ? 'main' : 'status'
  if (part === 'status') assertStatusSubresource(table)
  assertObject(kind, input)
  const subject = subjectOf(kind, input)
  refuse(envelopeProblems(kind, input), subject)
  const current = existingObject(site, table, checkedRef(kind, input.metadata as ObjectRef))
  const { uid, resourceVersion } = input.metadata
  assertUid(current, uid)
  if (resourceVersion !== undefined && resourceVersion !== '')
    assertFresh(site, table, current, { expected: resourceVersion, guarded: part })
  else if (!unconditional) {
    const message = 'must be that of the object as it was read; or use modify, or { unconditional: true }'
    refuse([{ field: 'metadata.resourceVersion', value: resourceVersion, message }], subject)
  }
  if (preconditions !== undefined)
    assertPreconditions(site, table, current, { ...preconditions, guarded: part })
  return replaceObject(site, table, current, { input, part, fieldManager, subject })
}

/** @throws NotFoundError, ConflictError for a precondition, InvalidError, and whatever the recipe throws */
export function modifyObject(
  site: WriteSite,
  table: KindTable,
  ref: ObjectRef,
  {
    verb,
    recipe,
    options: { preconditions, fieldManager },
  }: Pick<ModifyWrite, 'verb' | 'recipe' | 'options'>,
): StoredObject {
  const part = verb === 'modify' ? 'main' : 'status'
  const revise = (current: StoredObject): unknown => applyRecipe(current, recipe)
  return reviseObject(site, table, ref, { revise, part, preconditions, fieldManager })
}

/** How an object is revised. */
export interface Revising extends FieldOwner {
  readonly revise: (current: StoredObject) => unknown
  readonly part: Part
  readonly preconditions?: Preconditions | undefined
}

/**
 * Stores what `revise` makes of the object as it is now.
 *
 * @throws NotFoundError, ConflictError for a precondition, InvalidError, and whatever `revise` throws
 */
export function reviseObject(
  site: WriteSite,
  table: KindTable,
  ref: ObjectRef,
  { revise, part, preconditions, fieldManager }: Revising,
): StoredObject {
  if (part === 'status') assertStatusSubresource(table)
  const current = existingObject(site, table, ref)
  assertPreconditions(site, table, current, { ...preconditions, guarded: part })
  const input = revise(current) as StoredObject
  if (input === current) return current
  assertObject(table.kind, input)
  const subject = subjectOf(table.kind, current)
  refuse(identityProblems(current, input), subject)
  refuse(envelopeProblems(table.kind, input), subject)
  return replaceObject(site, table, current, { input, part, fieldManager, subject })
}

/** What replaces an object. */
export interface Replacing extends Ownership {
  readonly input: ObjectInput
  readonly part: Part
  /** How errors call the object. */
  readonly subject: string
}

/** The rest of an update, once it is known that it may replace `current`. */
export function replaceObject(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  { input, part, subject, fieldManager, managedFields }: Replacing,
): StoredObject {
  const { kind } = table
  if (part === 'status') {
    const { metadata } = current
    const { content } = checkedCandidate(site, table, {
      operation: 'updateStatus',
      previous: current,
      identity: metadata,
      meta: metadata,
      content: { spec: current.spec, status: input.status },
      subject,
    })
    const parts = joinParts(metadata, { spec: current.spec, status: content.status }, metadata)
    const owned = trackOwners(kind, current, parts, { fieldManager, managedFields, part })
    return putObject(site, table, current, owned)
  }
  const taken = adoptMetadata(input.metadata, current.metadata, subject)
  refuse(metadataProblems(input.metadata, taken, current.metadata), subject)
  const status = kind.statusSubresource ? current.status : input.status
  const { meta, content } = checkedCandidate(site, table, {
    operation: 'update',
    previous: current,
    identity: current.metadata,
    meta: taken,
    content: { spec: input.spec, status },
    subject,
  })
  refuse(deletionProblems(current.metadata, input.metadata, meta.finalizers), subject)
  refuse(immutableProblems(kind, current.spec, content.spec), subject)
  if (meta.ownerReferences !== current.metadata.ownerReferences) {
    const dependent = { kind: kind.kind, namespace: current.metadata.namespace, uid: current.metadata.uid }
    refuse(impossibleOwners(site, meta.ownerReferences, dependent), subject)
  }
  const parts = joinParts(meta, content, current.metadata)
  if (completesDeletion(current.metadata, meta.finalizers)) {
    return removeObject(
      site,
      table,
      current,
      sealParts(table, current, { parts, base: current, revision: site.revision }),
    )
  }
  const owners = input.metadata.managedFields?.length === 0 ? [] : managedFields
  const owned = trackOwners(kind, current, parts, { fieldManager, managedFields: owners, part })
  return putObject(site, table, current, owned)
}

/** A revision changes an object, it does not make it another one. */
function identityProblems(current: StoredObject, input: StoredObject): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  for (const field of ['name', 'namespace', 'uid'] as const) {
    const value = input.metadata[field]
    if (value !== current.metadata[field])
      problems.push({ field: `metadata.${field}`, value, message: 'cannot be changed' })
  }
  return problems
}
