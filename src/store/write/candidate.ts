import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { adoptJson, joinPath } from '../json/json-border.js'
import { schemaOf } from '../kind/compiled-schema.js'
import type { Kind } from '../kind/kind.js'
import type { ObjectInput, StoredObject } from '../object/object.js'
import { describeObject } from '../object/object.js'
import { namespaceProblem } from '../object/object-name.js'

/** Spec and status as they would be stored: frozen, parts equal to the previous state shared with it. */
export interface Content {
  readonly spec: unknown
  readonly status: unknown
}

const KNOWN: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'apiVersion',
  'kind',
  'metadata',
  'spec',
  'status',
])

/** Every fault of the envelope around an object of `kind`. */
export function envelopeProblems(kind: Kind, input: ObjectInput): FieldProblem[] {
  const problems: FieldProblem[] = []
  for (const key in input) {
    if (KNOWN.has(key) || !Object.hasOwn(input, key)) continue
    const value = (input as unknown as Readonly<Record<string, unknown>>)[key]
    problems.push({
      field: joinPath('', [key]),
      value,
      message: 'is not a field of an object; put it into spec',
    })
  }
  for (const field of ['apiVersion', 'kind'] as const) {
    const value = input[field]
    if (value === undefined || value === kind[field]) continue
    problems.push({ field, value, message: `must be ${kind[field]}, or left out` })
  }
  const problem = namespaceProblem(input.metadata.namespace, kind)
  if (problem !== undefined)
    problems.push({ field: 'metadata.namespace', value: input.metadata.namespace, message: problem })
  return problems
}

/** How errors call the object, before anything about it is known to be right. */
export function subjectOf(kind: Kind, input: ObjectInput): string {
  const { namespace, name, generateName } = input.metadata
  const shown = typeof name === 'string' ? name : `${String(generateName ?? '')}…`
  return typeof namespace === 'string'
    ? describeObject({ kind: kind.kind, namespace, name: shown })
    : describeObject({ kind: kind.kind, name: shown })
}

/**
 * Checks that there is an object with metadata at all.
 *
 * @throws InvalidError
 */
export function assertObject(kind: Kind, input: ObjectInput): void {
  const shape: unknown = input
  if (isRecord(shape) && isRecord(shape['metadata'])) {
    refuseUndefined(shape, '', kind)
    refuseUndefined(shape['metadata'], 'metadata', kind)
    return
  }
  const value = isRecord(shape) ? shape['metadata'] : shape
  const field = isRecord(shape) ? 'metadata' : 'object'
  throw new InvalidError(kind.kind, [{ field, value, message: 'must be an object' }])
}

function refuseUndefined(record: Readonly<Record<string, unknown>>, root: string, kind: Kind): void {
  for (const key in record) {
    if (record[key] !== undefined) continue
    const message = 'undefined is not JSON; leave the field out or use null'
    throw new InvalidError(kind.kind, [{ field: joinPath(root, [key]), value: undefined, message }])
  }
}

/**
 * Takes spec and status in, with the schema's defaults filled and its faults refused.
 *
 * @throws InvalidError
 */
export function adoptContent(
  kind: Kind,
  input: Content,
  previous: StoredObject | undefined,
  subject: string,
): Content {
  const schema = schemaOf(kind)
  const take = (field: keyof Content, freeze: boolean): unknown =>
    input[field] === undefined
      ? undefined
      : adoptJson(input[field], freeze ? previous?.[field] : undefined, { subject, field, freeze })
  if (schema === undefined) return { spec: take('spec', true), status: take('status', true) }
  // What was stored has passed.
  if (previous !== undefined && input.spec === previous.spec && input.status === previous.status) return input
  if (!schema.fillsDefaults) {
    const content = { spec: take('spec', true), status: take('status', true) }
    refuse(schema.problems(present(content), previous), subject)
    return content
  }
  const filled = present({ spec: take('spec', false), status: take('status', false) })
  refuse(schema.problems(filled), subject)
  return adoptContent(
    { ...kind, schema: undefined },
    { spec: filled['spec'], status: filled['status'] },
    previous,
    subject,
  )
}

/**
 * Takes spec and status in as they are; parts equal to those of `previous` are that object's own.
 *
 * @throws InvalidError when a part is not JSON
 */
export function adoptParts(
  { spec, status }: Content,
  previous: StoredObject | undefined,
  subject: string,
): Content {
  return {
    spec: spec === undefined ? undefined : adoptJson(spec, previous?.spec, { subject, field: 'spec' }),
    status:
      status === undefined ? undefined : adoptJson(status, previous?.status, { subject, field: 'status' }),
  }
}

/** @throws InvalidError when there are any */
export function refuse(problems: readonly FieldProblem[], subject: string): void {
  if (problems.length > 0) throw new InvalidError(subject, problems)
}

/** The frozen object; absent parts have no key. */
export function sealObject(
  kind: Kind,
  metadata: StoredObject['metadata'],
  { spec, status }: Content,
): StoredObject {
  Object.freeze(metadata)
  const { apiVersion, kind: name } = kind
  // An absent spec is what a caller left out, against its type; then there is no key for it.
  const object =
    status === undefined
      ? { apiVersion, kind: name, metadata, spec }
      : { apiVersion, kind: name, metadata, spec, status }
  if (spec === undefined) delete (object as { spec?: unknown }).spec
  return Object.freeze(object)
}

function present({ spec, status }: Content): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  if (spec !== undefined) value['spec'] = spec
  if (status !== undefined) value['status'] = status
  return value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
