import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../../src/core/errors.js'
import { LABEL_SELECTOR_LENGTH_MAX } from '../../../src/core/selectors/label-parser.js'
import { labelRequirement } from '../../../src/core/selectors/label-requirement.js'
import {
  LABEL_SELECTOR_CACHE_SIZE,
  labelSelectorFromObject,
  labelSelectorOf,
  nodeLabelSelector,
  parseLabelSelector,
} from '../../../src/core/selectors/label-selector.js'
import { labelProblems } from '../../../src/core/selectors/label-syntax.js'

const invalid = expect.objectContaining({ code: 'Invalid' })

const word = fc.constantFrom('a', 'b', 'in', 'notin', 'x.y', '7', '-1', 'A_b', 'constructor')
const key = fc.constantFrom('a', 'b', 'in', 'notin', 'example.com/a', 'constructor', 'x')
const labelSet = fc.dictionary(key, word, { maxKeys: 4 })
const value = fc.constantFrom('', 'a', 'b', 'in', 'notin', 'x.y', '7')
const requirement = fc.oneof(
  fc.tuple(key, fc.constantFrom('=' as const, '==' as const, '!=' as const), fc.tuple(value)),
  fc.tuple(
    key,
    fc.constantFrom('in' as const, 'notin' as const),
    fc.array(value, { minLength: 1, maxLength: 3 }),
  ),
  fc.tuple(key, fc.constantFrom('exists' as const, '!' as const), fc.constant([])),
  fc.tuple(
    key,
    fc.constantFrom('>' as const, '<' as const),
    fc.tuple(fc.constantFrom('0', '5', '9223372036854775807')),
  ),
)

/** The meaning, said as slowly and plainly as possible. */
function oracle(labels: Record<string, string>, [k, operator, values]: [string, string, string[]]): boolean {
  const actual = new Map(Object.entries(labels)).get(k)
  const number = actual !== undefined && /^[+-]?\d+$/.test(actual) ? Number(actual) : Number.NaN
  if (operator === 'exists') return actual !== undefined
  if (operator === '!') return actual === undefined
  if (operator === '>') return number > Number(values[0])
  if (operator === '<') return number < Number(values[0])
  const listed = actual !== undefined && values.includes(actual)
  return operator === '!=' || operator === 'notin' ? !listed : listed
}

describe('label selector', () => {
  test('matches exactly when every requirement holds', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), labelSet, (parts, labels) => {
        const selector = labelSelectorOf(parts.map(([k, o, v]) => labelRequirement(k, o, v)))
        expect(selector.matches(labels)).toBe(
          parts.every(p => oracle(labels, p as [string, string, string[]])),
        )
      }),
    )
  })

  test('canonical text parses back to the same text and the same requirements', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), parts => {
        const selector = labelSelectorOf(parts.map(([k, o, v]) => labelRequirement(k, o, v)))
        const again = parseLabelSelector(String(selector))
        expect(String(again)).toBe(String(selector))
        expect(again.requirements).toEqual(selector.requirements)
      }),
    )
  })

  test('any text is either a selector or an InvalidError, and a selector is a fixed point', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      'in',
      'notin',
      '=',
      '!',
      '>',
      '<',
      '(',
      ')',
      ',',
      ' ',
      '5',
      '\t',
      'é',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), pieces => {
        const canonical = (text: string): string => {
          try {
            return String(parseLabelSelector(text))
          } catch (error) {
            if (isKeelsonError(error, 'Invalid')) return ''
            throw error
          }
        }
        const once = canonical(pieces.join(''))
        expect(String(parseLabelSelector(once))).toBe(once)
      }),
    )
  })

  test('every match carries the equalities', () => {
    expect(parseLabelSelector('z=1,a in (x),b in (p,q),!c,d==').equalities).toEqual([
      ['a', 'x'],
      ['d', ''],
      ['z', '1'],
    ])
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 3 }), labelSet, (parts, labels) => {
        const selector = labelSelectorOf(parts.map(([k, o, v]) => labelRequirement(k, o, v)))
        if (!selector.matches(labels)) return
        for (const [k, v] of selector.equalities) expect(labels[k]).toBe(v)
      }),
    )
  })

  test('integers compare beyond the precision of floating point', () => {
    const selector = parseLabelSelector('x>9007199254740992')
    expect(selector.matches({ x: '9007199254740993' })).toBe(true)
    expect(selector.matches({ x: '9007199254740992' })).toBe(false)
    expect(selector.matches({ x: '9223372036854775808' })).toBe(false)
  })

  test('names of Object.prototype are ordinary labels', () => {
    expect(parseLabelSelector('constructor').matches({})).toBe(false)
    expect(parseLabelSelector('!toString').matches({})).toBe(true)
  })

  test('absent labels are the same as none', () => {
    expect(parseLabelSelector('!a').matches(undefined)).toBe(true)
    expect(parseLabelSelector('a').matches(undefined)).toBe(false)
  })

  test('text longer than the limit is refused', () => {
    expect(() => parseLabelSelector(`a in (${'b,'.repeat(LABEL_SELECTOR_LENGTH_MAX)})`)).toThrow(invalid)
  })

  test('the cache keeps the texts used last and drops the oldest', () => {
    const first = parseLabelSelector('cache-0')
    expect(parseLabelSelector('cache-0')).toBe(first)
    for (let i = 1; i <= LABEL_SELECTOR_CACHE_SIZE; i++) parseLabelSelector(`cache-${i}`)
    expect(parseLabelSelector('cache-0')).not.toBe(first)
  })

  test('a selector cannot be changed', () => {
    const selector = parseLabelSelector('a in (b,c)')
    expect(Object.isFrozen(selector)).toBe(true)
    expect(Object.isFrozen(selector.requirements)).toBe(true)
    expect(Object.isFrozen(selector.requirements[0]?.values)).toBe(true)
  })
})

describe('object form', () => {
  test('no object selects nothing, an empty one everything', () => {
    for (const absent of [null, undefined]) {
      const selector = labelSelectorFromObject(absent)
      expect([selector.matches({}), selector.empty, selector.nothing]).toEqual([false, false, true])
      expect(() => parseLabelSelector(String(selector))).toThrow(invalid)
    }
    for (const empty of [{}, { matchLabels: {} }, { matchExpressions: [] }]) {
      expect(labelSelectorFromObject(empty)).toMatchObject({ empty: true, nothing: false })
    }
  })

  test.each([
    [{ matchLabels: { b: '2', a: '1' } }, 'a=1,b=2'],
    [{ matchLabels: { a: '' } }, 'a='],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x', 'y'] }] }, 'a in (x,y)'],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] }, 'a notin (x)'],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, 'a'],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist', values: [] }] }, '!a'],
    [{ matchLabels: { z: '1' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] }, 'a,z=1'],
  ] as const)('%j is %s', (object, text) => {
    expect(String(labelSelectorFromObject(object))).toBe(text)
  })

  test.each([
    [{ matchLabels: { '-a': 'b' } }],
    [{ matchLabels: { a: 'b c' } }],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: [] }] }],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn' }] }],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] }],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist', values: ['x'] }] }],
    [{ matchExpressions: [{ key: 'a', operator: 'Gt' as 'In', values: ['1'] }] }],
    [{ matchExpressions: [{ key: 'a', operator: 'Lt' as 'In', values: ['1'] }] }],
    [{ matchExpressions: [{ key: 'a', operator: 'toString' as 'In', values: ['1'] }] }],
  ] as const)('%j is refused', object => {
    expect(() => labelSelectorFromObject(object)).toThrow(invalid)
  })

  test.each([
    ['In', ['a', 'b'], 'zone', true],
    ['NotIn', ['x'], 'gpu', true],
    ['Exists', undefined, 'zone', true],
    ['DoesNotExist', undefined, 'gpu', true],
    ['Gt', ['16'], 'cores', false],
    ['Gt', ['9'], 'cores', true],
    ['Gt', ['1'], 'ver', false],
  ] as const)('%s %j on %s is %s', (operator, values, key, expected) => {
    const expression = values === undefined ? { key, operator } : { key, operator, values }
    const selector = nodeLabelSelector([expression])
    expect(selector.matches({ zone: 'a', cores: '16', ver: '1.9' })).toBe(expected)
  })

  test.each([
    [[{ key: 'a', operator: 'Gt', values: ['x'] }]],
    [[{ key: 'a', operator: 'Lt', values: ['1', '2'] }]],
    [[{ key: 'a', operator: 'Ge' as 'Gt', values: ['1'] }]],
  ] as const)('of a node, %j is refused', expressions => {
    expect(() => nodeLabelSelector(expressions)).toThrow(invalid)
  })
})

describe('label syntax', () => {
  const name63 = 'a'.repeat(63)
  test.each([
    [{ a: '', 'example.com/B_c.d-e': 'v' }, 0],
    [{ [name63]: name63, [`${'a.'.repeat(126)}a/x`]: '' }, 0],
    [{ [`${name63}a`]: 'v' }, 1],
    [{ [`${'a.'.repeat(126)}aa/x`]: 'v' }, 1],
    [{ 'Example.com/a': 'v', '/a': 'v', 'a/': 'v', 'a/b/c': 'v', '': 'v' }, 5],
    [{ a: `${name63}a`, b: '-x', c: 'x-', d: 'x/y', e: 7, f: null }, 6],
    [{ '-a': '-b' }, 2],
  ])('%j has %i problems', (labels, count) => {
    expect(labelProblems(labels)).toHaveLength(count)
  })

  test('problems name the field and come in the order of the keys', () => {
    expect(labelProblems({ b: '!', a: '!' }, 'spec.labels').map(p => p.field)).toEqual([
      'spec.labels["a"]',
      'spec.labels["b"]',
    ])
  })
})
