import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'
import { joinPath } from '../json/json-border.js'
import type { ObjectInput } from '../object/object.js'
import { describeObject } from '../object/object.js'
import { namespaceProblem } from '../object/object-name.js'
import type { Kind } from './kind.js'

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
  const { apiVersion, kind: name } = input
  if (apiVersion !== undefined && apiVersion !== kind.apiVersion)
    problems.push(notThatOf('apiVersion', apiVersion, kind.apiVersion))
  if (name !== undefined && name !== kind.kind) problems.push(notThatOf('kind', name, kind.kind))
  const problem = namespaceProblem(input.metadata.namespace, kind)
  if (problem !== undefined)
    problems.push({ field: 'metadata.namespace', value: input.metadata.namespace, message: problem })
  return problems
}

function notThatOf(field: string, value: string, expected: string): FieldProblem {
  return { field, value, message: `must be ${expected}, or left out` }
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
