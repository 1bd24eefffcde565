import type { FieldProblem } from '../../core/index.js'
import { isRecord, labelKeyProblem, labelProblems, labelValueProblem } from '../../core/internal.js'
import { adoptJson, joinPath } from '../json/json-border.js'
import { finalizerProblems } from './finalizer-list.js'
import type { ObjectMeta, ObjectMetaInput, OwnerReference } from './object.js'

/** The part of metadata that its writer decides; all parts frozen. */
export interface WriterMeta {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly ownerReferences: readonly OwnerReference[]
  readonly finalizers: readonly string[]
}

const EMPTY_RECORD: Readonly<Record<string, string>> = /* @__PURE__ */ Object.freeze({})
const EMPTY_LIST: readonly never[] = /* @__PURE__ */ Object.freeze([])

const KNOWN: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
])

/**
 * Takes the writer's part of metadata from outside. Parts equal to `previous` are that object's own.
 *
 * @throws InvalidError when a part is not JSON
 */
export function adoptMetadata(
  input: ObjectMetaInput,
  previous: ObjectMeta | undefined,
  subject: string,
): WriterMeta {
  return {
    labels: take('labels', input, previous?.labels ?? EMPTY_RECORD, subject),
    annotations: take('annotations', input, previous?.annotations ?? EMPTY_RECORD, subject),
    ownerReferences: take('ownerReferences', input, previous?.ownerReferences ?? EMPTY_LIST, subject),
    finalizers: take('finalizers', input, previous?.finalizers ?? EMPTY_LIST, subject),
  }
}

/** The writer's part of metadata that is a frozen copy already. */
export function writerMetaOf(input: ObjectMetaInput): WriterMeta {
  return {
    labels: input.labels ?? EMPTY_RECORD,
    annotations: input.annotations ?? EMPTY_RECORD,
    ownerReferences: input.ownerReferences ?? EMPTY_LIST,
    finalizers: input.finalizers ?? EMPTY_LIST,
  }
}

/** What is left out is empty, also in an update. */
function take<Field extends keyof WriterMeta>(
  field: Field,
  input: ObjectMetaInput,
  previous: WriterMeta[Field],
  subject: string,
): WriterMeta[Field] {
  const value = input[field] ?? (Array.isArray(previous) ? EMPTY_LIST : EMPTY_RECORD)
  if (value === previous) return previous
  return adoptJson(value, previous, { subject, field: `metadata.${field}` }) as WriterMeta[Field]
}

/** Every fault of the parts that differ from `previous`; what is stored already passed. */
export function metadataProblems(
  input: ObjectMetaInput,
  meta: WriterMeta,
  previous: ObjectMeta | undefined,
): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  if (input === previous) return problems
  for (const key in input) {
    if (KNOWN.has(key) || !Object.hasOwn(input, key)) continue
    const value = (input as Readonly<Record<string, unknown>>)[key]
    problems.push({ field: joinPath('metadata', [key]), value, message: 'is not a field of metadata' })
  }
  const { labels, annotations, ownerReferences, finalizers } = meta
  if (labels !== previous?.labels && labels !== EMPTY_RECORD) {
    problems.push(...faultyLabels(labels))
  }
  if (annotations !== previous?.annotations && annotations !== EMPTY_RECORD) {
    problems.push(...annotationProblems(annotations))
  }
  if (ownerReferences !== previous?.ownerReferences && ownerReferences !== EMPTY_LIST) {
    problems.push(...ownerProblems(ownerReferences))
  }
  if (finalizers !== previous?.finalizers && finalizers !== EMPTY_LIST) {
    problems.push(...finalizerProblems(finalizers))
  }
  return problems
}

/** Nearly all labels are fine, so a quick look comes first and the report only when it is needed. */
function faultyLabels(labels: unknown): readonly FieldProblem[] {
  if (!isRecord(labels)) return [notA('labels', labels, 'an object')]
  for (const key in labels) {
    const value = labels[key]
    const fine =
      typeof value === 'string' &&
      labelValueProblem(value) === undefined &&
      labelKeyProblem(key) === undefined
    if (!fine) return labelProblems(labels)
  }
  return []
}

function annotationProblems(annotations: unknown): FieldProblem[] {
  if (!isRecord(annotations)) return [notA('annotations', annotations, 'an object')]
  const problems: FieldProblem[] = []
  for (const key in annotations) {
    const value = annotations[key]
    const problem = labelKeyProblem(key)
    if (problem === undefined && typeof value === 'string') continue
    const field = joinPath('metadata.annotations', [key])
    if (problem !== undefined) problems.push({ field, value: key, message: problem })
    if (typeof value !== 'string') problems.push({ field, value, message: 'an annotation must be a string' })
  }
  return problems
}

const OWNER_TEXTS = ['apiVersion', 'kind', 'name', 'uid'] as const

function ownerProblems(references: unknown): FieldProblem[] {
  if (!Array.isArray(references)) return [notA('ownerReferences', references, 'a list')]
  const problems: FieldProblem[] = []
  const uids = new Set<unknown>()
  let controllers = 0
  for (const [index, reference] of (references as readonly unknown[]).entries()) {
    const field = `metadata.ownerReferences[${index}]`
    if (!isRecord(reference)) {
      problems.push({ field, value: reference, message: 'must be an owner reference' })
      continue
    }
    for (const name of OWNER_TEXTS) {
      const value = reference[name]
      if (typeof value === 'string' && value !== '') continue
      problems.push({ field: `${field}.${name}`, value, message: 'must be a text that is not empty' })
    }
    const { uid, controller = false, blockOwnerDeletion = false } = reference
    if (uids.has(uid)) problems.push({ field: `${field}.uid`, value: uid, message: 'names an owner twice' })
    uids.add(uid)
    for (const [name, value] of Object.entries({ controller, blockOwnerDeletion })) {
      if (typeof value !== 'boolean')
        problems.push({ field: `${field}.${name}`, value, message: 'must be true or false' })
    }
    if (controller === true && ++controllers > 1) {
      problems.push({
        field: `${field}.controller`,
        value: true,
        message: 'only one owner can be the controller',
      })
    }
  }
  return problems
}

function notA(field: keyof WriterMeta, value: unknown, what: string): FieldProblem {
  return { field: `metadata.${field}`, value, message: `must be ${what}` }
}
