import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeFieldValue } from '../../../src/core/selectors/field-requirement.js'
import { FIELD_SELECTOR_LENGTH_MAX, parseFieldSelector } from '../../../src/core/selectors/field-selector.js'

const invalid = expect.objectContaining({ code: 'Invalid' })
const field = fc.constantFrom('metadata.name', 'a', 'b!c', 'a ', 'status.phase')
const value = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\\', ',', '=', '!', '>'), maxLength: 4 })
const term = fc.tuple(field, fc.constantFrom('=', '==', '!='), value)

describe('field selector', () => {
  test('matches exactly when every term holds, with absent fields as empty text', () => {
    fc.assert(
      fc.property(fc.array(term, { maxLength: 4 }), fc.dictionary(field, value), (terms, fields) => {
        const text = terms.map(([f, o, v]) => `${f}${o}${escapeFieldValue(v)}`).join(',')
        const expected = terms.every(([f, o, v]) => ((fields[f] ?? '') === v) === (o !== '!='))
        expect(parseFieldSelector(text).matches(f => fields[f] ?? '')).toBe(expected)
      }),
    )
  })

  test('canonical text parses back to the same requirements', () => {
    const inOrder = (text: string): string[] =>
      parseFieldSelector(text)
        .requirements.map(r => JSON.stringify(r))
        .sort()
    fc.assert(
      fc.property(fc.array(term, { maxLength: 4 }), terms => {
        const text = terms.map(([f, o, v]) => `${f}${o}${escapeFieldValue(v)}`).join(',')
        expect(inOrder(String(parseFieldSelector(text)))).toEqual(inOrder(text))
      }),
    )
  })

  test('equalities are the terms that fix a value', () => {
    expect(parseFieldSelector('b=2,a!=1,c==x\\,y').equalities).toEqual([
      ['b', '2'],
      ['c', 'x,y'],
    ])
  })

  test('a term without field and value counts for nothing', () => {
    expect(parseFieldSelector('=,a=b,!=,==').toString()).toBe('a=b')
    expect(parseFieldSelector('!=')).toMatchObject({ empty: true })
  })

  test.each(['a', 'a=b=c', 'a=\\', 'a=\\n', 'a=b,c'])('%s is refused', text => {
    expect(() => parseFieldSelector(text)).toThrow(invalid)
  })

  const plain = fc.constantFrom('a', 'spec.b')
  const odd = fc.string({ unit: fc.constantFrom('a', '1', ' ', '\\', ',', '=', '(', ')'), maxLength: 3 })
  const sets = fc.tuple(plain, fc.constantFrom('in', 'notin'), fc.array(odd, { minLength: 1, maxLength: 3 }))

  test('a set has any of its values, or none of them', () => {
    fc.assert(
      fc.property(
        fc.array(sets, { maxLength: 3 }),
        fc.array(term, { maxLength: 2 }),
        fc.dictionary(plain, odd),
        (some, terms, fields) => {
          const get = (f: string): string => fields[f] ?? ''
          const written = [
            ...some.map(([f, o, values]) => `${f} ${o} (${values.map(escapeFieldValue).join(',')})`),
            ...terms.map(([f, o, v]) => `${f}${o}${escapeFieldValue(v)}`),
          ].join(',')
          const expected =
            some.every(([f, o, values]) => values.includes(get(f)) === (o === 'in')) &&
            terms.every(([f, o, v]) => (get(f) === v) === (o !== '!='))
          const selector = parseFieldSelector(written)
          expect(selector.matches(get)).toBe(expected)
          const texts = (of: typeof selector): string[] => of.requirements.map(r => JSON.stringify(r)).sort()
          expect(texts(parseFieldSelector(String(selector)))).toEqual(texts(selector))
        },
      ),
    )
  })

  test('numbers are compared as numbers; what is none is compared with none', () => {
    const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, 1e21))
    const operator = fc.constantFrom('>', '<', '>=', '<=')
    const holds = { '>': 1, '<': -1, '>=': 1, '<=': -1 } as const
    fc.assert(
      fc.property(operator, number, number, (o, bound, given) => {
        const selector = parseFieldSelector(`a${o}${bound}`)
        const sign = Math.sign(given - bound)
        expect(selector.matches(() => String(given))).toBe(
          sign === holds[o as '>'] || (sign === 0 && o.length === 2),
        )
        for (const text of ['', 'x', '1x']) expect(selector.matches(() => text)).toBe(false)
      }),
    )
    expect(String(parseFieldSelector('b>=2,a < 1.5 ,c in (y,x,y)'))).toBe('a<1.5,b>=2,c in (x,y)')
  })

  test.each([
    'a>',
    'a>x',
    'a<1=2',
    'a>0x10',
    'a in (b',
    'a in (b)c',
    'a in b',
    'a notin (b=c)',
    'a in (b)x)',
    '(a)>1',
  ])('%s, neither a set nor a comparison, is refused', text => {
    expect(() => parseFieldSelector(text)).toThrow(invalid)
  })

  test('text longer than the limit is refused', () => {
    expect(() => parseFieldSelector(','.repeat(FIELD_SELECTOR_LENGTH_MAX + 1))).toThrow(invalid)
  })
})
