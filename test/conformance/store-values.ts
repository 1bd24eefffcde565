import { expect } from 'vitest'
import { formatTime } from '../../src/core/index.js'

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }
export type JsonObject = Readonly<Record<string, Json | undefined>>

/** What earlier steps have bound. */
export type Bindings = Map<string, unknown>

/** Computes the value that a step writes with `$ref`, `$merge` and the like. */
export function evaluate(value: unknown, bindings: Bindings): unknown {
  if (Array.isArray(value)) return value.map(item => evaluate(item, bindings))
  if (!isRecord(value)) return value
  const [operator, ...others] = Object.keys(value)
  if (operator?.startsWith('$') !== true || others.length > 0) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluate(item, bindings)]))
  }
  const argument = value[operator]
  if (operator === '$ref') return lookUp(String(argument), bindings)
  const given = evaluate(argument, bindings)
  const [first, second] = Array.isArray(given) ? (given as readonly unknown[]) : [given]
  switch (operator) {
    case '$merge':
      return merge(first, second)
    case '$str':
      return String(first)
    case '$num':
      return Number(first)
    case '$plus':
      return Number(first) + Number(second)
    case '$numPlus':
      return String(Number(first) + Number(second))
    case '$nowPlusSeconds':
      return formatTime(Number(lookUp('$now', bindings)) + Number(given) * 1000)
    case '$repeat':
      return String(first).repeat(Number(second))
    case '$fmt': {
      const counter = lookUp('$counter', bindings)
      return String(given).replace(/%0(\d)d/, (_all, width) => String(counter).padStart(Number(width), '0'))
    }
    default:
      // A condition, not a value; `assertMatch` reads it.
      return value
  }
}

/** Asserts that `actual` meets the expectation: keys that are listed must match, others are free. */
export function assertMatch(actual: unknown, expected: unknown, path: string): void {
  if (Array.isArray(expected)) {
    const items = (actual ?? []) as readonly unknown[]
    expect(items.length, `length of ${path}`).toBe(expected.length)
    for (const [index, item] of expected.entries()) assertMatch(items[index], item, `${path}[${index}]`)
    return
  }
  if (!isRecord(expected)) {
    expect(actual, path).toEqual(expected)
    return
  }
  const [operator] = Object.keys(expected)
  if (operator?.startsWith('$') === true) {
    assertCondition(actual, { operator, argument: expected[operator], path })
    return
  }
  expect(isRecord(actual), `${path} is an object`).toBe(true)
  for (const [key, item] of Object.entries(expected)) {
    assertMatch((actual as Record<string, unknown>)[key], item, `${path}.${key}`)
  }
}

interface Condition {
  readonly operator: string
  readonly argument: unknown
  readonly path: string
}

function assertCondition(actual: unknown, { operator, argument, path }: Condition): void {
  switch (operator) {
    case '$absent':
      // Ours always has labels, annotations, owners and finalizers; an empty one says the same as none.
      expect(isEmptyCollection(actual) ? undefined : actual, path).toBeUndefined()
      return
    case '$not':
      expect(actual, path).not.toEqual(argument)
      return
    case '$match':
      expect(actual, path).toMatch(new RegExp(String(argument)))
      return
    case '$le':
      expect(actual, path).toBeLessThanOrEqual(Number(argument))
      return
    case '$empty':
    case '$emptyOrAbsent':
      expect(actual ?? '', path).toHaveLength(0)
      return
    case '$type':
      expect(actual, path).toMatch(argument === 'decimalString' ? /^[1-9]\d*$/ : /./)
      return
    default:
      throw new Error(`no runner knows the condition ${operator}`)
  }
}

/** RFC 7396. */
function merge(base: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const result: Record<string, unknown> = isRecord(base) ? { ...base } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

function lookUp(path: string, bindings: Bindings): unknown {
  const [name = '', ...fields] = path.split('.')
  if (!bindings.has(name)) throw new Error(`nothing is bound to ${name}`)
  return fields.reduce<unknown>(
    (value, field) => (value as Record<string, unknown>)[field],
    bindings.get(name),
  )
}

function isEmptyCollection(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
