import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'

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
  readonly levelsAround: number
  readonly field: string
  readonly subject: string
  /** The lists and objects around the value at hand, outermost first. */
  readonly ancestors: object[]
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
  const { subject, field, freeze = true, levelsAround = 0 } = options
  return adopt(value, previous, { freeze, levelsAround, field, subject, ancestors: [] })
}

function adopt(value: unknown, previous: unknown, pass: Pass): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw refused(value, 'must be a finite number', pass)
      return value === 0 ? 0 : value
    case 'object':
      return value === null || value === previous ? value : adoptNested(value, previous, pass)
    case 'undefined':
      throw refused(value, 'undefined is not JSON; leave the field out or use null', pass)
    case 'bigint':
    case 'symbol':
    case 'function':
      throw refused(value, `a ${typeof value} is not JSON`, pass)
  }
}

function adoptNested(value: object, previous: unknown, pass: Pass): unknown {
  const { ancestors, levelsAround } = pass
  if (ancestors.includes(value)) throw refused(value, 'a value cannot contain itself', pass)
  if (ancestors.length >= JSON_DEPTH_MAX + levelsAround)
    throw refused(value, `must not nest deeper than ${JSON_DEPTH_MAX}`, pass)
  const isList = Array.isArray(value)
  if (!isList) assertPlain(value, pass)
  if (hasMore(value, isList)) throw notCopied(value, isList, pass)
  ancestors.push(value)
  const result = isList ? adoptArray(value, previous, pass) : adoptObject(value, previous, pass)
  ancestors.pop()
  return result
}

/** A copy begins at the first difference, so what is equal to the previous state costs no memory. */
function adoptArray(value: readonly unknown[], previous: unknown, pass: Pass): unknown {
  const old: readonly unknown[] | undefined = Array.isArray(previous) ? previous : undefined
  let copy: unknown[] | undefined = old !== undefined && old.length === value.length ? undefined : []
  for (let index = 0; index < value.length; index++) {
    const item = adopt(value[index], old?.[index], pass)
    if (copy === undefined) {
      if (item === old?.[index]) continue
      copy = (old as readonly unknown[]).slice(0, index)
    }
    copy.push(item)
  }
  if (copy === undefined) return previous
  return pass.freeze ? Object.freeze(copy) : copy
}

/** As with lists. What an old object inherits is never equal to JSON, so it need not be told from its own. */
function adoptObject(value: object, previous: unknown, pass: Pass): unknown {
  const source = value as Readonly<Record<string, unknown>>
  const old = isRecord(previous) ? previous : undefined
  const keys = Object.keys(source)
  let copy: Record<string, unknown> | undefined =
    old !== undefined && Object.keys(old).length === keys.length ? undefined : {}
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string
    if (key === '__proto__') throw refused(source[key], '"__proto__" is not allowed as a key', pass)
    const before = old?.[key]
    const item = adopt(source[key], before, pass)
    if (copy === undefined) {
      if (item === before) continue
      copy = {}
      for (let done = 0; done < index; done++) copy[keys[done] as string] = old?.[keys[done] as string]
    }
    copy[key] = item
  }
  if (copy === undefined) return previous
  return pass.freeze ? Object.freeze(copy) : copy
}

function assertPlain(value: object, pass: Pass): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(prototype)) {
    const name = (value.constructor as { name?: unknown } | undefined)?.name
    throw refused(value, `must be a plain object, not an instance of ${String(name)}`, pass)
  }
}

/** Whether an object or list has anything that JSON leaves out; nearly none has. */
function hasMore(value: object, isList: boolean): boolean {
  const count = Object.keys(value).length
  const names = isList ? (value as readonly unknown[]).length : Object.getOwnPropertyNames(value).length
  return count > names || (!isList && count < names) || Object.getOwnPropertySymbols(value).length > 0
}

function notCopied(value: object, isList: boolean, pass: Pass): InvalidError {
  const isElement = (key: string | symbol): boolean =>
    isList ? key === 'length' || /^(0|[1-9]\d*)$/.test(String(key)) : Object.keys(value).includes(String(key))
  const key = Reflect.ownKeys(value).find(one => typeof one === 'symbol' || !isElement(one))
  return refused(value, `must not have ${String(key)}, which is not JSON and would be lost`, pass)
}

/** A plain object of another realm: its prototype is that realm's `Object.prototype`. */
function isForeignPlain(prototype: unknown): boolean {
  return (
    isRecord(prototype) &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'isPrototypeOf')
  )
}

function refused(value: unknown, message: string, pass: Pass): InvalidError {
  const path = pathTo(value, pass.ancestors)
  const problem: FieldProblem = { field: joinPath(pass.field, path), value, message }
  return new InvalidError(pass.subject, [problem])
}

/** Finds the keys again that led to the value: the first that fit were the first that were visited. */
function pathTo(value: unknown, ancestors: readonly object[]): readonly (string | number)[] {
  return ancestors.map((parent, depth) => {
    const child = depth + 1 < ancestors.length ? ancestors[depth + 1] : value
    if (Array.isArray(parent)) return (parent as unknown[]).findIndex(item => Object.is(item, child))
    return Object.entries(parent).find(([, item]) => Object.is(item, child))?.[0] ?? ''
  })
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
