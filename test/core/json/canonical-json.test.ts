import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidError } from '../../../src/core/index.js'
import { canonicalJson } from '../../../src/core/internal.js'

const json = fc.jsonValue().filter(value => !JSON.stringify(value).includes('__proto__'))

/** The same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  )
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return new Map(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  )
}

/** Oracle: print sorted entries by hand, for Maps keep the order that integer keys of an object would lose. */
function print(value: unknown): string {
  if (value instanceof Map)
    return `{${[...value].map(([key, member]) => `${JSON.stringify(key)}:${print(member)}`).join(',')}}`
  return Array.isArray(value) ? `[${value.map(print).join(',')}]` : JSON.stringify(value)
}

const cycle: Record<string, unknown> = {}
cycle['self'] = { again: [cycle] }
class Point {
  readonly x = 1
}
let deep: unknown = 1
for (let i = 0; i < 100_000; i++) deep = [deep]

describe('canonical JSON', () => {
  test('equals a hand-made printing of sorted entries, does not see key order, and reads back as the value', () => {
    fc.assert(
      fc.property(json, value => {
        const text = canonicalJson(value)
        expect(text).toBe(print(sorted(value)))
        expect(canonicalJson(reversed(value))).toBe(text)
        expect(canonicalJson(JSON.parse(text))).toBe(text)
      }),
    )
  })

  test.each([
    [{ b: 1, a: [true, null, 'x"\n'] }, '{"a":[true,null,"x\\"\\n"],"b":1}'],
    [{ 10: 'a', 9: 'b' }, '{"10":"a","9":"b"}'],
    [-0, '0'],
    [1e21, '1e+21'],
    [{ é: 1, z: 2 }, '{"z":2,"é":1}'],
    ['\ud800', '"\\ud800"'],
    [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    [runInNewContext('({ a: [1] })'), '{"a":[1]}'],
    [{ constructor: 1, toString: 2 }, '{"constructor":1,"toString":2}'],
  ])('%j', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  test('takes one object in two places', () => {
    const shared = { a: 1 }
    expect(canonicalJson([shared, shared])).toBe('[{"a":1},{"a":1}]')
  })

  test.each([
    ['undefined', undefined, 'value'],
    ['a hole', { spec: { list: Object.assign([1], { 2: 3 }) } }, 'spec.list[1]'],
    ['an undefined member', { a: undefined }, 'a'],
    ['NaN', [[Number.NaN]], '[0][0]'],
    ['infinity', { 'x.y': Number.POSITIVE_INFINITY }, '["x.y"]'],
    ['a function', { a: { b: () => 1 } }, 'a.b'],
    ['a symbol', [Symbol('s')], '[0]'],
    ['a bigint', 1n, 'value'],
    ['a Date', { at: new Date(0) }, 'at'],
    ['a Map', new Map(), 'value'],
    ['a class instance', [new Point()], '[0]'],
    ['a cycle', cycle, 'self.again[0]'],
    ['an own __proto__', JSON.parse('{"a":{"__proto__":{"x":1}}}'), 'a.__proto__'],
  ])('refuses %s and names its path', (_, value, field) => {
    expect(() => canonicalJson(value)).toThrow(InvalidError)
    expect(() => canonicalJson(value)).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ field })] }),
    )
  })

  test('refuses what is nested too deep before the stack ends', () => {
    expect(() => canonicalJson(deep)).toThrow(InvalidError)
    let fits: unknown = 1
    for (let i = 0; i < 1000; i++) fits = [fits]
    expect(canonicalJson(fits)).toHaveLength(2001)
  })
})
