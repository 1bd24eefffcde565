import fc from 'fast-check'
import { expect } from 'vitest'
import { isKeelsonError } from '../../../src/core/index.js'
import { adoptJson } from '../../../src/store/json/json-border.js'

class Instance {
  readonly x = 1
}

const strange = fc.constantFrom<() => unknown>(
  () => undefined,
  () => Number.NaN,
  () => 1n,
  () => Symbol('s'),
  () => () => 1,
  () => new Instance(),
  () => new Date(0),
  () => ({ ok: 1, [Symbol('key')]: 1 }),
  () => Object.defineProperty({ ok: 1 }, 'hidden', { value: 1 }),
  () => Object.assign([1], { more: 2 }),
  () => Object.assign([1], { [Symbol('key')]: 2 }),
  () => new Array(2),
  () => JSON.parse('{"a":1,"__proto__":2}') as unknown,
  () => {
    const cycle: { self?: unknown } = {}
    cycle.self = [cycle]
    return cycle
  },
)

const key = fc.constantFrom('a', 'b', 'c', 'constructor', '0', 'toString', 'ä b')
const leaf = fc.constantFrom<unknown>(null, true, 'x', 'y', 0, -0, 1, 1.5)

const { json } = fc.letrec<{ json: unknown }>(tie => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: false }),
  ),
}))

/** A value beside one that is stored: mostly alike, sometimes with something in it that is not JSON. */
const case_ = fc.record({
  stored: json,
  other: json,
  isLike: fc.boolean(),
  at: fc.array(fc.nat(3), { maxLength: 4 }),
  strange: fc.option(strange, { freq: 2, nil: undefined }),
  freeze: fc.boolean(),
})

/** What is taken in is an equal, frozen copy that shares what has not changed; what is not JSON is refused where it is. */
export function checkBorder(runs: number): void {
  fc.assert(
    fc.property(case_, ({ stored, other, isLike, at, strange: odd, freeze }) => {
      const previous = adoptJson(stored, undefined, { subject: 'old', field: 'spec' })
      const input = isLike ? copied(stored) : other
      const value = planted(input, at, odd === undefined ? 'planted' : odd())
      const options = { subject: 'new', field: 'spec', freeze }
      if (isJson(value, [])) {
        const taken = adoptJson(value, previous, options)
        expect(taken).toEqual(copied(value))
        assertShared(taken, previous, freeze)
        return
      }
      try {
        adoptJson(value, previous, options)
      } catch (error) {
        if (!isKeelsonError(error, 'Invalid')) throw error
        expect(error.details.problems).toHaveLength(1)
        expect(error.details.problems[0]?.field).toMatch(/^spec/)
        return
      }
      throw new Error('what is not JSON was taken in')
    }),
    { numRuns: runs },
  )
}

/** As JSON has it: without minus zero, say. */
function copied(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

/** A copy with another value at the end of the way that `at` leads, as far as there is one. */
function planted(value: unknown, [index, ...rest]: readonly number[], what: unknown): unknown {
  if (index === undefined) return what
  if (Array.isArray(value)) return value.map((item, at) => (at === index ? planted(item, rest, what) : item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item], at) => [name, at === index ? planted(item, rest, what) : item]),
  )
}

/** The slow, obvious answer. */
function isJson(value: unknown, ancestors: readonly unknown[]): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || ancestors.includes(value)) return false
  const inside = [...ancestors, value]
  const names = Reflect.ownKeys(value)
  if (Array.isArray(value))
    return names.length === value.length + 1 && Array.from(value).every(item => isJson(item, inside))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return false
  return names.every(
    name =>
      typeof name === 'string' &&
      name !== '__proto__' &&
      Object.keys(value).includes(name) &&
      isJson((value as Record<string, unknown>)[name], inside),
  )
}

/** Equal parts in one place are one object, and frozen; new ones are as frozen as was asked. */
function assertShared(taken: unknown, previous: unknown, freeze: boolean): void {
  if (typeof taken !== 'object' || taken === null) return
  if (JSON.stringify(taken) === JSON.stringify(previous)) expect(taken).toBe(previous)
  if (taken === previous) return
  expect(Object.isFrozen(taken)).toBe(freeze)
  for (const name of Object.keys(taken)) {
    const before =
      typeof previous === 'object' && previous !== null && Object.hasOwn(previous, name)
        ? (previous as Record<string, unknown>)[name]
        : undefined
    const isPlace = Array.isArray(taken) === Array.isArray(previous)
    assertShared((taken as Record<string, unknown>)[name], isPlace ? before : undefined, freeze)
  }
}
