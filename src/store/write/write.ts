import type { FieldProblem } from '../../core/index.js'
import { UsageError } from '../../core/index.js'
import type { Admitted, Candidate } from '../admission/admit.js'
import { admit, admitDeletion } from '../admission/admit.js'
import { listProblems } from '../apply/list-problems.js'
import type { Ownership } from '../apply/track-owners.js'
import { trackOwners } from '../apply/track-owners.js'
import type { KindTable } from '../engine/kind-table.js'
import { assertObject, envelopeProblems, subjectOf } from '../kind/envelope.js'
import { immutableProblems } from '../kind/immutable.js'
import { adoptMetadata, metadataProblems } from '../object/metadata.js'
import type { ObjectInput, ObjectRef, StoredObject } from '../object/object.js'
import { describeObject, idOf, removedObject } from '../object/object.js'
import { assertRef, generateName, nameProblem } from '../object/object-name.js'
import type { ObjectParts } from '../object/object-parts.js'
import {
  hasParts,
  joinParts,
  metadataOf,
  nextGeneration,
  partsOf,
  sealObject,
  shareParts,
} from '../object/object-parts.js'
import { assertSize } from '../object/object-size.js'
import { AlreadyExistsError, ConflictError, NotFoundError, refuse } from '../object/store-errors.js'
import { assertDeleteOptions, completesDeletion, decideDeletion, deletionProblems } from './deletion.js'
import type { Guarded } from './freshness.js'
import { assertFresh } from './freshness.js'
import { impossibleOwners } from './impossible-owners.js'
import type { ModifyWrite, Part, UpdateWrite } from './object-write.js'
import { applyRecipe } from './recipe.js'
import type { DeleteOptions, FieldOwner, Preconditions } from './write-options.js'
import type { WriteSite } from './write-site.js'
import { timeOf } from './write-site.js'

/** How many generated names are tried before the last one is reported as taken. */
const GENERATED_NAMES_MAX = 8

/** @throws InvalidError, AlreadyExistsError */
export function createObject(
  site: WriteSite,
  table: KindTable,
  input: ObjectInput,
  ownership: Ownership = {},
): StoredObject {
  const { kind } = table
  assertObject(kind, input)
  const subject = subjectOf(kind, input)
  const given = input.metadata
  const taken = adoptMetadata(given, undefined, subject)
  const problems = envelopeProblems(kind, input)
  for (const problem of metadataProblems(given, taken, undefined)) problems.push(problem)
  if (given.resourceVersion !== undefined && given.resourceVersion !== '') {
    const message = 'must be empty on create; to change an object use update'
    problems.push({ field: 'metadata.resourceVersion', value: given.resourceVersion, message })
  }
  const name = chooseName(site, table, given)
  const problem = nameProblem(name, kind.nameFormat)
  if (problem !== undefined) problems.push({ field: 'metadata.name', value: name, message: problem })
  refuse(problems, subject)
  const ref: ObjectRef = given.namespace === undefined ? { name } : { namespace: given.namespace, name }
  const existing = site.current(table, ref)
  if (existing !== undefined) {
    throw new AlreadyExistsError(idOf(existing), existing.metadata.deletionTimestamp !== undefined)
  }
  const status = kind.statusSubresource ? undefined : input.status
  const { meta, content } = checked(site, table, {
    operation: 'create',
    previous: undefined,
    identity: given,
    meta: taken,
    content: { spec: input.spec, status },
    subject,
  })
  const dependent = { kind: kind.kind, namespace: given.namespace, uid: undefined }
  refuse(impossibleOwners(site, meta.ownerReferences, dependent), subject)
  const identity = {
    name,
    namespace: given.namespace,
    uid: site.engine.env.ids.next(kind.kind.toLowerCase()),
    creationTimestamp: timeOf(site),
    generation: 1,
  }
  const { fieldManager, managedFields } = ownership
  const joined = joinParts(meta, content, undefined)
  const parts = trackOwners(kind, undefined, joined, { fieldManager, managedFields, part: 'main' })
  const object = sealObject(kind, metadataOf(identity, parts, site.revision), content)
  assertSize(object, site.engine.objectBytesMax)
  site.stage(table, ref, object)
  return object
}

/** @throws InvalidError, NotFoundError, ConflictError; UsageError for a status that has no way of its own */
export function updateObject(
  site: WriteSite,
  table: KindTable,
  { verb, object: input, options: { unconditional = false, fieldManager } }: UpdateWrite,
): StoredObject {
  const { kind } = table
  const part = verb === 'update' ? 'main' : 'status'
  if (part === 'status') assertStatusSubresource(table)
  assertObject(kind, input)
  const subject = subjectOf(kind, input)
  refuse(envelopeProblems(kind, input), subject)
  const ref = givenRef(table, input)
  const current = existing(site, table, ref)
  const { uid, resourceVersion } = input.metadata
  assertUid(current, uid)
  if (resourceVersion !== undefined && resourceVersion !== '')
    assertFresh(site, table, current, { expected: resourceVersion, guarded: part })
  else if (!unconditional) {
    const message = 'must be that of the object as it was read; or use modify, or { unconditional: true }'
    refuse([{ field: 'metadata.resourceVersion', value: resourceVersion, message }], subject)
  }
  return replace(site, table, current, { input, part, fieldManager })
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
export interface Revision extends FieldOwner {
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
  { revise, part, preconditions, fieldManager }: Revision,
): StoredObject {
  if (part === 'status') assertStatusSubresource(table)
  const current = existing(site, table, ref)
  assertPreconditions(site, table, current, { ...preconditions, guarded: part })
  const input = revise(current) as StoredObject
  if (input === current) return current
  assertObject(table.kind, input)
  const subject = subjectOf(table.kind, current)
  refuse(identityProblems(current, input), subject)
  refuse(envelopeProblems(table.kind, input), subject)
  return replace(site, table, current, { input, part, fieldManager })
}

/** @throws NotFoundError, ConflictError, InvalidError for an option */
export function deleteObject(
  site: WriteSite,
  table: KindTable,
  ref: ObjectRef,
  options: DeleteOptions,
): StoredObject {
  const { kind } = table
  assertDeleteOptions(options, describeObject({ kind: kind.kind, ...ref }))
  const current = existing(site, table, ref)
  assertPreconditions(site, table, current, { ...options.preconditions, guarded: 'whole' })
  admitDeletion(site, table, current, subjectOf(kind, current))
  return endObject(site, table, current, options)
}

/** What a delete does once it may. */
export function endObject(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  { gracePeriodSeconds, propagationPolicy }: DeleteOptions,
): StoredObject {
  const step = decideDeletion(current, {
    gracePeriodSeconds,
    propagationPolicy,
    defaultGraceSeconds: table.kind.gracePeriodSeconds,
    nowMs: site.engine.env.clock.now(),
  })
  switch (step.kind) {
    case 'waiting':
      return current
    case 'remove':
      return remove(site, table, current, current)
    case 'mark': {
      const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = step
      const marks = { deletionTimestamp, deletionGracePeriodSeconds, finalizers }
      return put(site, table, current, { ...partsOf(current), ...marks })
    }
  }
}

/** The rest of an update, once it is known that it may replace `current`. */
export function replace(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  {
    input,
    part,
    fieldManager,
    managedFields,
  }: Ownership & { readonly input: ObjectInput; readonly part: Part },
): StoredObject {
  const { kind } = table
  const subject = subjectOf(kind, current)
  if (part === 'status') {
    const { metadata } = current
    const { content } = checked(site, table, {
      operation: 'updateStatus',
      previous: current,
      identity: metadata,
      meta: metadata,
      content: { spec: current.spec, status: input.status },
      subject,
    })
    const parts = joinParts(metadata, { spec: current.spec, status: content.status }, metadata)
    const owned = trackOwners(kind, current, parts, { fieldManager, managedFields, part })
    return put(site, table, current, owned)
  }
  const taken = adoptMetadata(input.metadata, current.metadata, subject)
  refuse(metadataProblems(input.metadata, taken, current.metadata), subject)
  const status = kind.statusSubresource ? current.status : input.status
  const { meta, content } = checked(site, table, {
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
    return remove(
      site,
      table,
      current,
      seal(table, current, { parts, base: current, revision: site.revision }),
    )
  }
  const owners = input.metadata.managedFields?.length === 0 ? [] : managedFields
  const owned = trackOwners(kind, current, parts, { fieldManager, managedFields: owners, part })
  return put(site, table, current, owned)
}

/** What is admitted, with lists as the kind declares them. */
function checked(site: WriteSite, table: KindTable, candidate: Candidate): Admitted {
  const admitted = admit(site, table, candidate)
  const { previous, subject } = candidate
  for (const part of ['spec', 'status'] as const) {
    const type = table.fieldType.fields.get(part)
    if (type === undefined) continue
    refuse(listProblems(admitted.content[part], previous?.[part], type, [part]), subject)
  }
  return admitted
}

/** Stores the parts, unless they are what is there. Inside a transaction the net effect counts. */
function put(site: WriteSite, table: KindTable, current: StoredObject, parts: ObjectParts): StoredObject {
  if (hasParts(current, parts)) return current
  const committed = site.committed(table, current.metadata)?.object
  const base = committed?.metadata.uid === current.metadata.uid ? committed : undefined
  const shared = base === undefined || base === current ? parts : shareParts(parts, base)
  const back = base !== undefined && hasParts(base, shared)
  const next = back ? base : seal(table, current, { parts: shared, base, revision: site.revision })
  assertSize(next, site.engine.objectBytesMax)
  site.stage(table, current.metadata, next)
  return next
}

function remove(site: WriteSite, table: KindTable, current: StoredObject, last: StoredObject): StoredObject {
  const removed = removedObject(last, site.revision)
  site.stage(table, current.metadata, undefined)
  return removed
}

interface Next {
  readonly parts: ObjectParts
  /** The object before this revision; undefined when it was created in it. */
  readonly base: StoredObject | undefined
  readonly revision: number
}

function seal({ kind }: KindTable, current: StoredObject, { parts, base, revision }: Next): StoredObject {
  const { name, namespace, uid, creationTimestamp } = current.metadata
  const generation = nextGeneration(base, parts, kind.statusSubresource)
  const metadata = metadataOf({ name, namespace, uid, creationTimestamp, generation }, parts, revision)
  return sealObject(kind, metadata, parts)
}

function existing(site: WriteSite, table: KindTable, ref: ObjectRef): StoredObject {
  const current = site.current(table, ref)
  if (current !== undefined) return current
  const { namespace, name } = ref
  throw new NotFoundError({ kind: table.kind.kind, name, ...(namespace === undefined ? {} : { namespace }) })
}

function chooseName(site: WriteSite, table: KindTable, given: ObjectInput['metadata']): string {
  const { name, generateName: prefix, namespace } = given
  if (name !== undefined || typeof prefix !== 'string' || prefix === '') return name as string
  let chosen = ''
  for (let attempt = 0; attempt < GENERATED_NAMES_MAX; attempt++) {
    chosen = generateName(prefix, () => site.engine.names.next())
    if (
      site.current(table, namespace === undefined ? { name: chosen } : { namespace, name: chosen }) ===
      undefined
    )
      break
  }
  return chosen
}

function givenRef(table: KindTable, { metadata: { namespace, name } }: ObjectInput): ObjectRef {
  const ref = { name: name as string, ...(namespace === undefined ? {} : { namespace }) }
  assertRef(table.kind, ref)
  return ref
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

/** @throws UsageError */
export function assertStatusSubresource({ kind }: KindTable): void {
  if (kind.statusSubresource) return
  throw new UsageError(`${kind.kind} has no status subresource; write its status with update or modify`, {
    kind: kind.kind,
  })
}

/** @throws ConflictError */
export function assertPreconditions(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  { uid, resourceVersion, guarded }: Preconditions & { readonly guarded: Guarded },
): void {
  assertUid(current, uid)
  if (resourceVersion !== undefined) assertFresh(site, table, current, { expected: resourceVersion, guarded })
}

function assertUid(current: StoredObject, expected: string | undefined): void {
  const actual = current.metadata.uid
  if (expected === undefined || expected === actual) return
  throw new ConflictError(idOf(current), { field: 'uid', expected, actual })
}
