import type { FieldProblem } from '../../core/index.js'
import { InvalidError, KeelsonError, UsageError } from '../../core/index.js'
import { withoutNulls } from '../apply/applied-nulls.js'
import { ApplyConflictError } from '../apply/apply-conflict-error.js'
import { decideApply } from '../apply/decide-apply.js'
import { fieldsOf } from '../apply/field-set.js'
import { listProblems } from '../apply/list-problems.js'
import { ownedDocument } from '../apply/owned-document.js'
import { writeOwners } from '../apply/owners.js'
import { ownersOf } from '../apply/take-ownership.js'
import { assertManager, ownerIdOf } from '../apply/track-owners.js'
import type { KindTable } from '../engine/kind-table.js'
import { adoptJson } from '../json/json-border.js'
import { assertObject, envelopeProblems } from '../kind/envelope.js'
import type { Kind } from '../kind/kind.js'
import { fieldTypeOf } from '../kind/merge-type.js'
import { adoptMetadata, metadataProblems } from '../object/metadata.js'
import type { ManagedFields, ObjectId, ObjectInput, ObjectRef, StoredObject } from '../object/object.js'
import { describeObject } from '../object/object.js'
import { NotFoundError, refuse } from '../object/store-errors.js'
import { createObject } from './create-object.js'
import type { Part } from './object-write.js'
import type { ApplyOptions } from './patch.js'
import { assertPreconditions, assertStatusSubresource } from './preconditions.js'
import { replaceObject } from './update-object.js'
import type { Preconditions } from './write-options.js'
import type { WriteSite } from './write-site.js'

/** How many managers can apply to one object. They are never folded: each may take away what it has applied. */
const APPLY_MANAGERS_MAX = 100

/** How an object is applied. */
export interface ApplyRequest extends ApplyOptions {
  readonly part: Part
  readonly preconditions: Preconditions
  readonly applied: unknown
}

/**
 * Server-side apply: makes the object have what is applied, or makes the object.
 *
 * @throws ApplyConflictError, InvalidError, ConflictError for a precondition, `TooLarge` for too many managers;
 * NotFoundError where there is nothing to
 * have a status, or to meet a precondition; UsageError without a manager
 */
export function applyObject(
  site: WriteSite,
  table: KindTable,
  ref: ObjectRef,
  request: ApplyRequest,
): StoredObject {
  const { kind } = table
  const { part, preconditions, fieldManager: manager, force = false, adopt = [] } = request
  assertOptions(request)
  if (part === 'status') assertStatusSubresource(table)
  const id: ObjectId = { kind: kind.kind, ...ref }
  const input = adoptApplied(kind, ref, request.applied, describeObject(id))
  const expected = { ...preconditions, ...expectedBy(input) }
  const type = table.fieldType
  const by = ownerIdOf(part, manager, 'Apply')
  const applied = ownedDocument(kind, input)[part]
  const current = site.current(table, ref)
  if (current === undefined) {
    if (part === 'status' || Object.keys(expected).length > 0) throw new NotFoundError(id)
    const wanted = withoutNulls(input, type).wanted as ObjectInput
    const managedFields = writeOwners([{ ...by, fields: fieldsOf(ownedDocument(kind, wanted)[part], type) }])
    return createObject(site, table, wanted, { managedFields })
  }
  assertPreconditions(site, table, current, { ...expected, guarded: part })
  const documents = ownedDocument(kind, current)
  const owners = ownersOf(current.metadata.managedFields, documents, type)
  const decision = decideApply({ type, current: documents[part], applied, by, owners, force, adopt })
  if (decision.kind === 'conflicts') throw new ApplyConflictError(id, manager, decision.conflicts)
  const { managedFields } = decision
  assertManagers(id, managedFields)
  return replaceObject(site, table, current, {
    input: withDocument(current, decision.document),
    part,
    subject: describeObject(id),
    managedFields,
  })
}

function withDocument(current: StoredObject, document: unknown): ObjectInput {
  const { metadata, spec = current.spec, status = current.status } = document as Partial<StoredObject>
  const next = { metadata: { ...current.metadata, ...metadata }, spec }
  return status === undefined ? next : { ...next, status }
}

/** What is applied, checked as far as it can be without the object. */
function adoptApplied(kind: Kind, ref: ObjectRef, applied: unknown, subject: string): ObjectInput {
  const given = adoptJson(applied, undefined, {
    subject,
    field: '',
    levelsAround: 1,
  }) as Partial<ObjectInput> | null
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidError(subject, [{ field: 'object', value: applied, message: 'must be an object' }])
  }
  const { metadata = {} } = given
  assertObject(kind, { ...given, metadata } as ObjectInput)
  const problems: FieldProblem[] = []
  for (const field of ['name', 'namespace'] as const) {
    const value = metadata[field]
    if (value === undefined || value === ref[field]) continue
    problems.push({
      field: `metadata.${field}`,
      value,
      message: `must be ${String(ref[field])}, or left out`,
    })
  }
  for (const field of ['managedFields', 'generateName'] as const) {
    if (metadata[field] === undefined) continue
    problems.push({
      field: `metadata.${field}`,
      value: metadata[field],
      message: 'cannot be applied; leave it out',
    })
  }
  const input = { ...given, metadata: { ...metadata, ...ref } } as ObjectInput
  problems.push(...envelopeProblems(kind, input))
  problems.push(...metadataProblems(metadata, adoptMetadata(metadata, undefined, subject), undefined))
  problems.push(...listProblems(given, undefined, fieldTypeOf(kind), []))
  refuse(problems, subject)
  return input
}

/** @throws KeelsonError `TooLarge` */
function assertManagers(id: ObjectId, managedFields: readonly ManagedFields[]): void {
  const appliers = managedFields.filter(({ operation }) => operation === 'Apply').length
  if (appliers <= APPLY_MANAGERS_MAX) return
  throw new KeelsonError({
    code: 'TooLarge',
    message:
      `${describeObject(id)} would have ${appliers} managers that apply, at most ${APPLY_MANAGERS_MAX} can; ` +
      'adopt those that are gone, and give managers names that stay the same',
    details: { ...id, appliers, max: APPLY_MANAGERS_MAX },
  })
}

/** What is applied can say which object is meant. */
function expectedBy({ metadata: { uid, resourceVersion } }: ObjectInput): Preconditions {
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined || resourceVersion === '' ? {} : { resourceVersion }),
  }
}

function assertOptions({ fieldManager, force, adopt }: ApplyOptions): void {
  assertManager(fieldManager)
  if (force !== undefined && typeof force !== 'boolean')
    throw new UsageError('force must be true or false', { force })
  if (adopt === undefined) return
  if (!Array.isArray(adopt)) throw new UsageError('adopt must be a list of managers', { adopt })
  for (const manager of adopt as readonly unknown[]) assertManager(manager)
}
