import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyJsonDelta, jsonDelta } from '../../src/store/json/json-delta.js'
import type { JsonTable } from '../../src/store/json/json-table.js'
import { jsonTable, visitTable } from '../../src/store/json/json-table.js'
import { shareJson } from '../../src/store/json/shared-json.js'

const names = fc.constantFrom('a', 'b', '10', '0', '', '\ud800', 'constructor', 'toString')
const { json, object } = fc.letrec(tie => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(0, 1, 'x', '\udc00\ud800', null, true),
    fc.array(tie('json'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc
    .uniqueArray(fc.tuple(names, tie('json')), { maxLength: 4, selector: ([name]) => name })
    .map(entries => Object.fromEntries(entries)),
}))

const RUNS = 300

/** As a store holds it. */
const frozen = (value: unknown): object => shareJson(JSON.parse(JSON.stringify(value)), undefined) as object

/** Parts of `value` that are objects, lists too. */
function partsOf(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(partsOf)]
}

function readTable(text: string): object[] {
  const read: object[] = []
  visitTable(JSON.parse(text) as JsonTable, each => read.push(each))
  return read
}

/** As a writer changes it: members at any depth that are others, that are gone, or that are new. */
function changed(value: unknown, random: () => number, other: unknown): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.2) return random() < 0.5 ? value : other
  if (Array.isArray(value)) return value.map(each => changed(each, random, other))
  const members = Object.entries(value).filter(() => random() < 0.8)
  const result = Object.fromEntries(members.map(([name, each]) => [name, changed(each, random, other)]))
  if (random() < 0.3) result[random() < 0.5 ? 'new' : '5'] = other
  return result
}

test('a delta of any change makes the same value of its base', () => {
  fc.assert(
    fc.property(
      object,
      json,
      fc.noShrink(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }))),
      (one, other, chances) => {
        const random = (): number => chances.next().value as number
        const base = frozen({ one })
        const value = frozen({ one: changed(one, random, other) })
        const made = applyJsonDelta(base, JSON.parse(JSON.stringify(jsonDelta(value, base))))
        expect(JSON.stringify(made)).toBe(JSON.stringify(value))
        for (const part of partsOf(made)) expect(Object.isFrozen(part)).toBe(true)
      },
    ),
    { numRuns: RUNS },
  )
})

test('a delta that was written makes the same value of its base, in the same order, frozen', () => {
  fc.assert(
    fc.property(object, object, json, (one, other, common) => {
      const [base, value] = [frozen({ one, common }), frozen({ one: other, common })]
      const delta = jsonDelta(value, base)
      const made = applyJsonDelta(base, JSON.parse(JSON.stringify(delta)))
      expect(JSON.stringify(made)).toBe(JSON.stringify(value))
      for (const part of partsOf(made)) expect(Object.isFrozen(part)).toBe(true)
      if (JSON.stringify(value) === JSON.stringify(base)) expect([delta, made]).toEqual([[], base])
    }),
    { numRuns: RUNS },
  )
})

test('a delta has what differs and nothing else; what cannot be told by names is no delta', () => {
  const base = { a: 1, list: [{ n: 1 }, { n: 2 }], gone: 0, texts: ['x', 'y'] }
  const value = { a: 2, list: [{ n: 1 }, { n: 3 }], texts: ['x', 'z'], young: true }
  expect(jsonDelta(value, base)).toEqual([
    { a: 2, texts: ['x', 'z'], young: true },
    { list: [{}, { 1: [{ n: 3 }] }] },
    ['gone'],
  ])
  expect(applyJsonDelta(base, [{ a: 2 }]), 'what is the same is shared').toHaveProperty('list', base.list)
  expect(jsonDelta({ a: 1, b: 2 }, { b: 2, a: 1 }), 'another order').toBeUndefined()
  expect(jsonDelta({ young: 1, a: 1 }, { a: 1 }), 'a new member before an old one').toBeUndefined()
})

test('a table that was written tells the same objects, in the same order, frozen', () => {
  fc.assert(
    fc.property(fc.array(object, { minLength: 1, maxLength: 20 }), json, (varied, common) => {
      const objects = varied.map(each => frozen({ varied: each, common }))
      const read = readTable(JSON.stringify(jsonTable(objects)))
      expect(JSON.stringify(read)).toBe(JSON.stringify(objects))
      for (const part of read.flatMap(partsOf)) expect(Object.isFrozen(part)).toBe(true)
    }),
    { numRuns: RUNS },
  )
})

test('a table has once what is the same, also where some objects have a member that others lack', () => {
  const spec = { text: 'x'.repeat(100) }
  const objects = Array.from({ length: 40 }, (_, index) =>
    index % 2 === 0 ? { name: `n${index}`, spec } : { name: `n${index}`, spec, status: { phase: 'ready' } },
  )
  const text = JSON.stringify(jsonTable(objects))
  expect(text.split(spec.text)).toHaveLength(3)
  const read = readTable(text)
  expect(read).toEqual(objects)
  expect(Reflect.get(read[0] as object, 'spec')).toBe(Reflect.get(read[2] as object, 'spec'))
})
