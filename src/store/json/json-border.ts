import { InvalidError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'
import { faultOf, isPlain } from './json-fault.js'

/** Deeper nesting is refused; far more than any object needs, far less than the stack holds. */
export const JSON_DEPTH_MAX = 100

/** How a value is taken in. */
export interface AdoptOptions {
  /** Subject of the error, for example `Task default/web-1`. */
  readonly subject: string
  /** Path of the value itself. */
  readonly field: string
  /** Default true. A mutable copy is for those who still fill in defaults. */
  readonly freeze?: boolean
  /** Levels around the part of an object that may nest so deep: 1 for an object as a whole. Default 0. */
  readonly levelsAround?: number
}

interface Pass {
  readonly freeze: boolean
  readonly depthMax: number
  /** How many lists and objects are around the value at hand. */
  depth: number
}

/**
 * Takes a value from outside into the store: copies, checks and freezes it in one pass, and keeps whatever part
 * equals `previous`, which must come from the store.
 *
 * @returns `previous` itself when both are equal JSON, so `===` tells whether anything changed
 * @throws InvalidError naming the path of the first thing that is not JSON
 */
export function adoptJson(value: unknown, previous: unknown, options: AdoptOptions): unknown {
  if (value === previous) return previous
  const { freeze = true, levelsAround = 0 } = options
  const pass = { freeze, depthMax: JSON_DEPTH_MAX + levelsAround, depth: 0 }
  const taken = adopt(value, previous, pass)
  if (taken === REFUSED) throw refused(value, options)
  return taken
}

/** What takes the place of a value that is not JSON. Which part of it is not is looked for afterwards. */
const REFUSED = /* @__PURE__ */ Symbol('not JSON')

function adopt(value: unknown, previous: unknown, pass: Pass): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? (value === 0 ? 0 : value) : REFUSED
    case 'object':
      return value === null || value === previous ? value : adoptNested(value, previous, pass)
    default:
      return REFUSED
  }
}

function adoptNested(value: object, previous: unknown, pass: Pass): unknown {
  if (++pass.depth > pass.depthMax) return REFUSED
  const taken = Array.isArray(value) ? adoptArray(value, previous, pass) : adoptObject(value, previous, pass)
  pass.depth--
  return taken
}

/** A copy begins at the first difference, so what is equal to the previous state costs no memory. */
function adoptArray(value: readonly unknown[], previous: unknown, pass: Pass): unknown {
  const { length } = value
  if (Object.keys(value).length > length || Object.getOwnPropertySymbols(value).length > 0) return REFUSED
  const old: readonly unknown[] | undefined = Array.isArray(previous) ? previous : undefined
  let copy: unknown[] | undefined = old?.length === length ? undefined : new Array(length)
  for (let index = 0; index < length; index++) {
    const item = adopt(value[index], old?.[index], pass)
    if (item === REFUSED) return REFUSED
    if (copy === undefined) {
      if (item === old?.[index]) continue
      copy = new Array<unknown>(length)
      for (let done = 0; done < index; done++) copy[done] = old?.[done]
    }
    copy[index] = item
  }
  if (copy === undefined) return previous
  return pass.freeze ? Object.freeze(copy) : copy
}

/** As with lists. What an old object inherits is never equal to JSON, so it need not be told from its own. */
function adoptObject(value: object, previous: unknown, pass: Pass): unknown {
  const source = value as Readonly<Record<string, unknown>>
  const members = Object.getOwnPropertyNames(source).length
  if (!isPlain(source) || Object.getOwnPropertySymbols(source).length > 0) return REFUSED
  const old = isRecord(previous) ? previous : undefined
  let copy: Record<string, unknown> | undefined = old === undefined ? {} : undefined
  let count = 0
  // The one loop for which an engine reads a member without looking for its place by name.
  for (const key in source) {
    if (!hasOwn.call(source, key)) continue
    const before = old?.[key]
    const item = key === '__proto__' ? REFUSED : adopt(source[key], before, pass)
    if (item === REFUSED) return REFUSED
    if (copy === undefined && item !== before) copy = firstMembers(source, old, count)
    if (copy !== undefined) copy[key] = item
    count++
  }
  // What is hidden is counted and not visited.
  if (count !== members) return REFUSED
  if (copy === undefined) {
    if (Object.keys(previous as object).length === count) return previous
    copy = firstMembers(source, old, count)
  }
  return pass.freeze ? Object.freeze(copy) : copy
}

/** The first members of an object, which are equal to those of the old one. */
function firstMembers(
  source: object,
  old: Readonly<Record<string, unknown>> | undefined,
  count: number,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  let left = count
  for (const key in source) {
    if (left-- === 0) break
    copy[key] = old?.[key]
  }
  return copy
}

const hasOwn = Object.prototype.hasOwnProperty

function refused(root: unknown, { subject, field, levelsAround = 0 }: AdoptOptions): InvalidError {
  const { path, value, message } = faultOf(root, { depthMax: JSON_DEPTH_MAX, levelsAround }) ?? {
    path: [],
    value: root,
    message: 'must not change while it is read',
  }
  return new InvalidError(subject, [{ field: joinPath(field, path), value, message }])
}

/** `spec` and `['ports', 0, 'port']` become `spec.ports[0].port`. */
export function joinPath(root: string, path: readonly (string | number)[]): string {
  let text = root
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (/^[A-Za-z_][\w-]*$/.test(part)) text += text === '' ? part : `.${part}`
    else text += `[${JSON.stringify(part)}]`
  }
  return text
}

/** A plain JSON value; what objects in a store are made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
