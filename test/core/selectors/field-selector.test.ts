import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  escapeFieldValue,
  FIELD_SELECTOR_LENGTH_MAX,
  parseFieldSelector,
} from '../../../src/core/selectors/field-selector.js'

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

  test.each(['a', 'a=b=c', 'a=\\', 'a=\\n', 'a=b,c', 'a in (b)', 'a>5'])('%s is refused', text => {
    expect(() => parseFieldSelector(text)).toThrow(invalid)
  })

  test('text longer than the limit is refused', () => {
    expect(() => parseFieldSelector(','.repeat(FIELD_SELECTOR_LENGTH_MAX + 1))).toThrow(invalid)
  })
})
