import type { FieldProblem } from '../../core/index.js'
import { InvalidError, UsageError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'
import type { KindTable } from '../engine/kind-table.js'
import { joinPath } from '../json/json-border.js'
import type {
  AdmissionHook,
  AdmissionOperation,
  AdmissionReply,
  AdmissionRequest,
} from '../kind/admission.js'
import type { AdmissionChain } from '../kind/admission-chain.js'
import { adoptContent, adoptParts } from '../kind/content.js'
import { assertObject } from '../kind/envelope.js'
import type { StandardIssue, StandardResult } from '../kind/standard-schema.js'
import type { WriterMeta } from '../object/metadata.js'
import { adoptMetadata, metadataProblems } from '../object/metadata.js'
import type { ObjectInput, ObjectMetaInput, StoredObject } from '../object/object.js'
import type { Content } from '../object/object-parts.js'
import { ForbiddenError, refuse } from '../object/store-errors.js'
import type { AdmissionReplies, Advisor } from './admission-replies.js'
import { PendingAdmission } from './admission-replies.js'

/** Who asks. */
export interface AdmissionSite {
  /** Whether the write can be tried again later, with an answer that it has to wait for. */
  readonly canWait: boolean
  /** Answers that it has waited for. */
  readonly replies: AdmissionReplies | undefined
  /** Whether what is written is a frozen copy already, made when the write was asked for. */
  readonly isCaptured: boolean
}

/** A write on its way to the commit: what its writer decides, taken in and checked as far as it goes. */
export interface Candidate {
  readonly operation: AdmissionOperation
  readonly previous: StoredObject | undefined
  /** Metadata as the writer gave it; tells which object it will be where there is no previous one. */
  readonly identity: ObjectMetaInput
  readonly meta: WriterMeta
  readonly content: Content
  readonly subject: string
}

/** What came out of it. */
export type Admitted = Pick<Candidate, 'meta' | 'content'>

/**
 * Asks everyone who has a say: default, mutate, schema, validate. `content` is as the writer gave it.
 *
 * @throws InvalidError, ForbiddenError, what a hook throws; UsageError for a promise where nobody can wait
 */
export function admit(site: AdmissionSite, table: KindTable, candidate: Candidate): Admitted {
  const { kind, admission } = table
  const { previous, subject } = candidate
  if (admission === undefined)
    return {
      meta: candidate.meta,
      content: adoptContent(kind, candidate.content, { previous, subject, isCaptured: site.isCaptured }),
    }
  const { change, validate } = admission.steps[candidate.operation]
  let current: Candidate = {
    ...candidate,
    content: adoptParts(candidate.content, previous, subject),
  }
  for (const hook of change)
    current = changed(table, current, ask(site, hook, requestOf(table, current)), hook)
  current = { ...current, content: throughSchema(site, table, current, admission) }
  if (validate.length === 0) return current
  const request = requestOf(table, current)
  for (const hook of validate) judge(current.subject, ask(site, hook, request), hook)
  return current
}

/** Asks the validating hooks that care for deletions. */
export function admitDeletion(
  site: AdmissionSite,
  table: KindTable,
  previous: StoredObject,
  subject: string,
): void {
  const hooks = table.admission?.steps.delete.validate ?? []
  const request = Object.freeze({
    operation: 'delete',
    kind: table.kind,
    object: previous,
    previous,
  } as const)
  for (const hook of hooks) judge(subject, ask(site, hook, request), hook)
}

function ask(site: AdmissionSite, hook: AdmissionHook, request: AdmissionRequest): AdmissionReply {
  return answerOf(site, hook, request, () => hook.handle(request)) as AdmissionReply
}

function answerOf(
  site: AdmissionSite,
  advisor: Advisor,
  request: AdmissionRequest,
  consult: () => unknown,
): unknown {
  const known = site.replies?.find(advisor, request)
  if (known !== undefined) return known.reply
  const reply = consult()
  if (!isPromise(reply)) return reply
  if (site.canWait) throw new PendingAdmission(advisor, request, reply)
  // Nobody will hear the answer; a failure must not end the process as an unhandled rejection.
  reply.then(undefined, () => {})
  throw new UsageError(
    `${advisor.name} answers with a promise, and a transaction cannot wait for it; ` +
      `write ${request.kind.kind} outside of it or in optimistic, or make the answer synchronous`,
    { hook: advisor.name, kind: request.kind.kind },
  )
}

function requestOf(
  table: KindTable,
  { operation, previous, identity, meta, content }: Candidate,
): AdmissionRequest {
  const { apiVersion, kind } = table.kind
  const metadata = Object.freeze({ ...(previous?.metadata ?? nameOf(identity)), ...writerPart(meta) })
  const { spec, status } = content
  const object = {
    apiVersion,
    kind,
    metadata,
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status }),
  } as ObjectInput
  return Object.freeze({ operation, kind: table.kind, object: Object.freeze(object), previous })
}

/** A generated name is chosen once everybody has agreed. */
function nameOf({ name, generateName, namespace }: ObjectMetaInput): ObjectMetaInput {
  return {
    ...(name === undefined ? { generateName: generateName as string } : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  }
}

/** Where the status alone is written, this is the whole of the stored metadata. */
function writerPart({ labels, annotations, ownerReferences, finalizers }: WriterMeta): WriterMeta {
  return { labels, annotations, ownerReferences, finalizers }
}

/** The candidate as a default or mutate hook wants it; taken in like any object from outside. */
function changed(
  table: KindTable,
  current: Candidate,
  reply: AdmissionReply,
  hook: AdmissionHook,
): Candidate {
  if (!isRecord(reply) || !('object' in reply)) {
    judge(current.subject, reply, hook)
    return current
  }
  const { object } = reply
  const { kind } = table
  const { previous, operation, content } = current
  const subject = `${current.subject} from admission hook "${hook.name}"`
  assertObject(kind, object)
  refuse(identityProblems(current, object), subject)
  const isStatus = operation === 'updateStatus'
  const meta = isStatus ? current.meta : adoptMetadata(object.metadata, previous?.metadata, subject)
  if (!isStatus) refuse(metadataProblems(object.metadata, meta, previous?.metadata), subject)
  const keepsStatus = kind.statusSubresource && !isStatus
  const next = {
    spec: isStatus ? content.spec : object.spec,
    status: keepsStatus ? content.status : object.status,
  }
  return { ...current, meta, content: adoptParts(next, previous, subject) }
}

function identityProblems(current: Candidate, object: ObjectInput): readonly FieldProblem[] {
  const before: ObjectMetaInput = current.previous?.metadata ?? nameOf(current.identity)
  return (['name', 'generateName', 'namespace', 'uid'] as const)
    .filter(field => object.metadata[field] !== before[field])
    .map(field => ({
      field: `metadata.${field}`,
      value: object.metadata[field],
      message: 'cannot be changed by a hook',
    }))
}

/** @throws InvalidError, ForbiddenError; UsageError for a malformed answer */
function judge(subject: string, reply: AdmissionReply, hook: AdmissionHook): void {
  if (reply === undefined) return
  const { name } = hook
  if (isRecord(reply) && 'problems' in reply) {
    if (reply.problems.length === 0) return
    const problems = reply.problems.map(problem => ({ ...problem, hook: name }))
    throw new InvalidError(`${subject} (admission hook "${name}")`, problems)
  }
  if (isRecord(reply) && 'forbidden' in reply) throw new ForbiddenError(subject, name, reply.forbidden)
  throw new UsageError(
    `admission hook "${name}" of phase ${hook.phase} must return nothing, { problems } or { forbidden }` +
      (hook.phase === 'validate' ? '' : ', or { object }'),
    { hook: name },
  )
}

function throughSchema(
  site: AdmissionSite,
  table: KindTable,
  current: Candidate,
  { standard }: AdmissionChain,
): Content {
  const { previous, subject, content } = current
  if (standard === undefined)
    return adoptContent(table.kind, content, { previous, subject, isCaptured: false })
  // What was stored has passed.
  if (previous !== undefined && content.spec === previous.spec && content.status === previous.status)
    return content
  const { schema } = standard
  const request = requestOf(table, current)
  const { spec, status } = content
  const value = { ...(spec === undefined ? {} : { spec }), ...(status === undefined ? {} : { status }) }
  const result = answerOf(site, standard, request, () =>
    schema['~standard'].validate(value),
  ) as StandardResult<unknown>
  if (result.issues !== undefined)
    throw new InvalidError(
      subject,
      result.issues.map(issue => problemOf(issue, value)),
    )
  // A schema of the spec alone says nothing about the status, so what it leaves out stays.
  return adoptParts({ ...content, ...(result.value as Partial<Content>) }, previous, subject)
}

function problemOf({ message, path = [] }: StandardIssue, root: unknown): FieldProblem {
  let value = root
  const keys = path.map(part => {
    const key = typeof part === 'object' ? part.key : part
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
    return typeof key === 'number' ? key : String(key)
  })
  return { field: joinPath('', keys) || 'object', value, message }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return isRecord(value) && typeof value['then'] === 'function'
}
