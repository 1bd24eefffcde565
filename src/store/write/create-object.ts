import type { Ownership } from '../apply/track-owners.js'
import { trackOwners } from '../apply/track-owners.js'
import type { KindTable } from '../engine/kind-table.js'
import { assertObject, envelopeProblems, subjectOf } from '../kind/envelope.js'
import { adoptMetadata, metadataProblems, writerMetaOf } from '../object/metadata.js'
import type { ObjectInput, ObjectRef, StoredObject } from '../object/object.js'
import { idOf } from '../object/object.js'
import { generateName, nameProblem } from '../object/object-name.js'
import { joinParts, metadataOf, sealObject } from '../object/object-parts.js'
import { assertSize } from '../object/object-size.js'
import { AlreadyExistsError, refuse } from '../object/store-errors.js'
import { checkedCandidate } from './checked-candidate.js'
import { impossibleOwners } from './impossible-owners.js'
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
  const taken = site.isCaptured ? writerMetaOf(given) : adoptMetadata(given, undefined, subject)
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
  const { meta, content } = checkedCandidate(site, table, {
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
