import { isRecord } from '../../core/internal.js'

/** Why a value is not JSON, and where. */
export interface JsonFault {
  /** The keys and indexes that lead to it. */
  readonly path: readonly (string | number)[]
  readonly value: unknown
  readonly message: string
}

/** What may nest how deep. */
interface Walk {
  readonly depthMax: number
  /** How errors call the limit. */
  readonly depthNamed: number
  /** The lists and objects around the value at hand, outermost first. */
  readonly ancestors: object[]
}

/**
 * The first fault of a value, in the order of its keys; undefined when there is none. The border asks only once it
 * knows that there is one: to keep track of where it is would cost it more than the copy.
 *
 * @param levelsAround levels that may come beside those of the limit
 */
export function faultOf(
  value: unknown,
  { depthMax, levelsAround }: { readonly depthMax: number; readonly levelsAround: number },
): JsonFault | undefined {
  return findFault(value, { depthMax: depthMax + levelsAround, depthNamed: depthMax, ancestors: [] })
}

function findFault(value: unknown, walk: Walk): JsonFault | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : fault(value, 'must be a finite number')
    case 'object':
      return value === null ? undefined : (faultAround(value, walk) ?? faultWithin(value, walk))
    case 'undefined':
      return fault(value, 'undefined is not JSON; leave the field out or use null')
    case 'bigint':
    case 'symbol':
    case 'function':
      return fault(value, `a ${typeof value} is not JSON`)
  }
}

/** What is wrong with a list or an object itself. */
function faultAround(value: object, { ancestors, depthMax, depthNamed }: Walk): JsonFault | undefined {
  if (ancestors.includes(value)) return fault(value, 'a value cannot contain itself')
  if (ancestors.length >= depthMax) return fault(value, `must not nest deeper than ${depthNamed}`)
  if (!isPlain(value)) {
    const name = (value.constructor as { name?: unknown } | undefined)?.name
    return fault(value, `must be a plain object, not an instance of ${String(name)}`)
  }
  const lost = lostKey(value)
  if (lost === undefined) return undefined
  return fault(value, `must not have ${String(lost)}, which is not JSON and would be lost`)
}

function faultWithin(value: object, walk: Walk): JsonFault | undefined {
  walk.ancestors.push(value)
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value)
  for (const key of keys) {
    const member = (value as Readonly<Record<string | number, unknown>>)[key]
    const found =
      key === '__proto__' ? fault(member, '"__proto__" is not allowed as a key') : findFault(member, walk)
    if (found !== undefined) return { ...found, path: [key, ...found.path] }
  }
  walk.ancestors.pop()
  return undefined
}

function fault(value: unknown, message: string): JsonFault {
  return { path: [], value, message }
}

/** Whether it is a list, or an object that is nothing but its members. */
export function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || isForeignPlain(prototype)
}

/** A plain object of another realm: its prototype is that realm's `Object.prototype`. */
function isForeignPlain(prototype: unknown): boolean {
  return (
    isRecord(prototype) &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'isPrototypeOf')
  )
}

/** The first key of what JSON leaves out, if there is any. */
function lostKey(value: object): string | symbol | undefined {
  const isElement = Array.isArray(value)
    ? (key: string) => key === 'length' || /^(0|[1-9]\d*)$/.test(key)
    : (key: string) => Object.prototype.propertyIsEnumerable.call(value, key)
  return Reflect.ownKeys(value).find(key => typeof key === 'symbol' || !isElement(key))
}
