import type { FieldProblem } from '../../core/index.js'
import { KeelsonError } from '../../core/index.js'
import { boundedText, deepEqual } from '../../core/internal.js'
import type { Json } from './json-border.js'
import { adoptJson } from './json-border.js'
import { parsePointer } from './json-pointer.js'
import { memberOf, TreeEditor } from './json-tree.js'

/** One operation of a JSON Patch, RFC 6902. Paths are JSON Pointers, RFC 6901. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string }

/** More operations than this in one patch are refused. */
const JSON_PATCH_OPERATIONS_MAX = 10_000

/**
 * What the `copy` operations of one patch copy in all; bytes of JSON, about. As much as Kubernetes allows.
 *
 * @internal
 */
export const JSON_PATCH_COPY_BYTES_MAX: number = 3 * 1024 * 1024
/** Levels around a part of an object: a list, an operation, the object. */
export const PATCH_LEVELS = 3
/** Longer paths are refused; no object nests so deep. */
const PATH_LENGTH_MAX = 200

/**
 * A JSON Patch that is no patch (`BadRequest`), that has too many operations or copies too much
 * (`TooLarge`), or that does not fit the
 * document (`Invalid`: a path that does not exist, a test that fails).
 *
 * @internal
 */
export class JsonPatchError extends KeelsonError {
  /** Which operation, from 0; -1 for the patch as a whole. */
  readonly index: number
  /** The JSON Pointer at fault, cut after 1,000 characters. */
  readonly path: string
  readonly reason: string
  readonly problems: readonly FieldProblem[]

  constructor(code: 'BadRequest' | 'Invalid' | 'TooLarge', fault: PatchFault) {
    const { index } = fault
    const path = boundedText(fault.path)
    const reason = boundedText(fault.reason)
    const field = index < 0 ? 'patch' : `patch[${index}]`
    const problems = [{ field, value: path, message: reason }]
    super({
      code,
      message: `${MESSAGES[code]}: ${index < 0 ? 'it' : `operation ${index} at "${path}"`} ${reason}`,
      details: { subject: 'patch', index, path, reason, problems },
    })
    this.index = index
    this.path = path
    this.reason = reason
    this.problems = problems
  }
}

const MESSAGES = {
  BadRequest: 'the JSON patch is malformed',
  Invalid: 'the JSON patch cannot be applied',
  TooLarge: 'the JSON patch is too large',
} as const

interface PatchFault {
  readonly index: number
  readonly path: string
  readonly reason: string
}

/** An operation whose pointers have been read. */
interface Step {
  readonly op: JsonPatchOperation['op']
  readonly path: readonly string[]
  readonly from: readonly string[]
  readonly value: unknown
  /** The operation says what is wrong in the words of the patch. */
  readonly fault: (reason: string, of?: 'path' | 'from') => JsonPatchError
  readonly tooLarge: (reason: string) => JsonPatchError
}

/**
 * Applies a JSON Patch, RFC 6902: all operations in order, or none. `document` is never changed; the result shares
 * with it every part that the patch does not touch, and is `document` itself when nothing changes.
 *
 * Strict: an array index has no leading zero, `-` is only for adding, `replace` and `remove` want something to be
 * there, the whole document cannot be removed, a key `__proto__` is refused.
 *
 * @throws JsonPatchError, `TooLarge` beyond 10,000 operations, or when they copy more than 3 MiB in all; InvalidError
 * when a value is not JSON
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { applyJsonPatch } from 'keelson/store'
 *
 * const before = { spec: { ports: [80] }, status: { ready: true } }
 * const after = applyJsonPatch(before, [{ op: 'add', path: '/spec/ports/-', value: 443 }]) as typeof before
 * assert.deepEqual(after.spec.ports, [80, 443])
 * assert.equal(after.status, before.status)
 * ```
 */
export function applyJsonPatch(document: unknown, patch: readonly JsonPatchOperation[]): unknown {
  const steps = readPatch(patch)
  const editor = new TreeEditor(JSON_PATCH_COPY_BYTES_MAX)
  let result = document
  for (const step of steps) result = applyStep(result, step, editor)
  return result
}

function readPatch(patch: unknown): readonly Step[] {
  if (!Array.isArray(patch)) throw malformed(-1, '', 'must be a list of operations')
  if (patch.length > JSON_PATCH_OPERATIONS_MAX) {
    const reason = `has ${patch.length} operations, at most ${JSON_PATCH_OPERATIONS_MAX} are taken; split it`
    throw new JsonPatchError('TooLarge', { index: -1, path: '', reason })
  }
  const operations = adoptJson(patch, undefined, {
    subject: 'JSON patch',
    field: 'patch',
    levelsAround: PATCH_LEVELS,
  })
  return (operations as readonly unknown[]).map(readStep)
}

function readStep(operation: unknown, index: number): Step {
  if (typeof operation !== 'object' || operation === null || Array.isArray(operation))
    throw malformed(index, '', 'must be an object with op and path')
  const { op, path, from } = operation as Readonly<Record<string, unknown>>
  if (typeof path !== 'string') throw malformed(index, '', 'must have a path')
  switch (op) {
    case 'add':
    case 'replace':
    case 'test':
      if (!Object.hasOwn(operation, 'value')) throw malformed(index, path, `(${op}) must have a value`)
      break
    case 'remove':
      break
    case 'move':
    case 'copy':
      if (typeof from !== 'string') throw malformed(index, path, `(${op}) must say from where`)
      break
    default:
      throw malformed(index, path, 'must have as op one of add, remove, replace, move, copy, test')
  }
  const read = (pointer: string): readonly string[] => {
    const parsed = parsePointer(pointer)
    if (typeof parsed === 'string') throw malformed(index, pointer, parsed)
    if (parsed.length > PATH_LENGTH_MAX)
      throw malformed(index, pointer, `has ${parsed.length} steps, at most ${PATH_LENGTH_MAX} are taken`)
    return parsed
  }
  return {
    op,
    path: read(path),
    from: typeof from === 'string' && (op === 'move' || op === 'copy') ? read(from) : [],
    value: (operation as { readonly value?: unknown }).value,
    fault: (reason, of = 'path') =>
      new JsonPatchError('Invalid', {
        index,
        path: of === 'from' ? String(from) : path,
        reason: `(${op}) ${reason}`,
      }),
    tooLarge: reason => new JsonPatchError('TooLarge', { index, path, reason: `(${op}) ${reason}` }),
  }
}

function applyStep(document: unknown, step: Step, editor: TreeEditor): unknown {
  const { op, path, from, value } = step
  switch (op) {
    case 'add':
      return change(document, path, { insert: value }, { step, editor })
    case 'remove':
      return remove(document, path, { step, editor })
    case 'replace':
      if (deepEqual(lookUp(document, path, step), value)) return document
      return change(document, path, { replace: value }, { step, editor })
    case 'test':
      if (!deepEqual(lookUp(document, path, step), value)) throw step.fault('finds another value')
      return document
    case 'copy': {
      const copied = lookUp(document, from, step, 'from')
      if (!editor.share(copied)) throw step.tooLarge(COPIES_TOO_MUCH)
      return change(document, path, { insert: copied }, { step, editor })
    }
    case 'move': {
      const moved = lookUp(document, from, step, 'from')
      if (path.length > from.length && from.every((token, index) => token === path[index]))
        throw step.fault('cannot move a value into itself')
      if (path.length === from.length && from.every((token, index) => token === path[index])) return document
      return change(remove(document, from, { step, editor }), path, { insert: moved }, { step, editor })
    }
  }
}

const COPIES_TOO_MUCH = `would make the copies of this patch more than ${JSON_PATCH_COPY_BYTES_MAX} bytes; send the values, or split it`

type Edit = { readonly insert: unknown } | { readonly replace: unknown } | 'remove'

/** Which operation changes the document, and by what. */
interface Hand {
  readonly step: Step
  readonly editor: TreeEditor
}

function remove(document: unknown, path: readonly string[], hand: Hand): unknown {
  if (path.length === 0) throw hand.step.fault('cannot remove the whole document')
  lookUp(document, path, hand.step)
  return change(document, path, 'remove', hand)
}

/** Changes the nodes on the path, and nothing else. */
function change(document: unknown, path: readonly string[], edit: Edit, hand: Hand): unknown {
  const { step, editor } = hand
  const [token, ...rest] = path
  if (token === undefined)
    return edit === 'remove' ? undefined : 'insert' in edit ? edit.insert : edit.replace
  if (rest.length > 0) {
    const child = memberOf(document, token)
    if (child === undefined) throw step.fault(`finds no "${token}" on its way`)
    return editor.replace(document, token, change(child, rest, edit, hand))
  }
  if (edit === 'remove') return editor.remove(document, token)
  if ('replace' in edit) return editor.replace(document, token, edit.replace)
  const inserted = editor.insert(document, token, edit.insert)
  if (typeof inserted === 'string') throw step.fault(inserted)
  return inserted.value
}

function lookUp(document: unknown, path: readonly string[], step: Step, of?: 'path' | 'from'): unknown {
  let value = document
  for (const token of path) {
    value = memberOf(value, token)
    if (value === undefined) throw step.fault(`finds no "${token}"`, of)
  }
  return value
}

function malformed(index: number, path: string, reason: string): JsonPatchError {
  return new JsonPatchError('BadRequest', { index, path, reason })
}
