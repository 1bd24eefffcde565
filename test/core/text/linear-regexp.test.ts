import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileLinearRegExp } from '../../../src/core/text/linear-regexp.js'
import { parsePattern } from '../../../src/core/text/linear-regexp-parser.js'
import { nativePattern } from '../../../src/core/text/native-pattern.js'

const invalid = expect.objectContaining({ code: 'Invalid' })

const atom = fc.constantFrom(
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '\\d',
  '\\w',
  '\\b',
  '\\B',
  '^',
  '$',
  '1',
  '\\.',
  '[a-c1]',
  '[\\d-]',
  '\\S',
)
const { pattern } = fc.letrec<{ pattern: string; piece: string }>(tie => ({
  pattern: fc
    .array(fc.array(tie('piece'), { maxLength: 3 }), { minLength: 1, maxLength: 2 })
    .map(choices => choices.map(pieces => pieces.join('')).join('|')),
  piece: fc.oneof(
    { depthSize: 'small' },
    atom,
    fc
      .tuple(tie('pattern'), fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}', '{0,}', '*?'))
      .map(([p, r]) => `(?:${p})${r}`),
    fc
      .tuple(fc.constantFrom('a', 'b', '.', '[ab]'), fc.constantFrom('*', '+', '?', '{2}', '{2,}'))
      .map(([p, r]) => p + r),
  ),
}))
const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', '-', ' '), maxLength: 6 })

describe('linear regular expression', () => {
  test('agrees with the built-in engine', () => {
    fc.assert(
      fc.property(pattern, text, (source, input) => {
        const ours = compileLinearRegExp(source)
        expect(ours.search(input)).toBe(new RegExp(source, 'u').test(input))
        expect(ours.matches(input)).toBe(new RegExp(`^(?:${source})$`, 'u').test(input))
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['rack-[0-9]', 'rack-1', true, true],
    ['rack-[0-9]', 'rack-12', true, false],
    ['^rack-[0-9]$', 'rack-12', false, false],
    ['(?i)RACK-\\d+', 'rack-12', true, true],
    ['(?i)[^a]', 'A', false, false],
    ['(?P<zone>a|b)-(?<n>1)', 'b-1', true, true],
    ['rack\\-1\\/x', 'rack-1/x', true, true],
    ['a{,2}', 'a{,2}', true, true],
    ['[]a]+', ']a', true, true],
    ['[a-]', '-', true, true],
    ['\\Aab\\z', 'ab', true, true],
    ['', '', true, true],
    ['', 'a', true, false],
    ['.', '\u{1f600}', true, true],
    ['.', '\n', false, false],
    ['\\t[\\n\\r]', '\t\r', true, true],
    ['(a*)*b', 'aab', true, true],
  ])('%s on %j: found %s, covers %s', (source, input, found, whole) => {
    const regexp = compileLinearRegExp(source)
    expect([regexp.search(input), regexp.matches(input)]).toEqual([found, whole])
  })

  test.each([
    '(',
    ')',
    '[',
    '[a',
    '*',
    '+a',
    'a**',
    'a+*',
    'a{2}{3}',
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '(a)\\1',
    '\\',
    '\\p{L}',
    '\\Qa\\E',
    '[[:alpha:]]',
    '[b-a]',
    '[\\d-z]',
    'a{3,2}',
    'a{1001}',
    '(a{1000}){6}',
    '(((){1000}){1000}){1000}',
    'a(?i)b',
    '('.repeat(60) + ')'.repeat(60),
    'a'.repeat(513),
  ])('%s is refused', source => {
    expect(() => compileLinearRegExp(source)).toThrow(invalid)
  })

  test('patterns that ruin backtracking engines finish', () => {
    const input = `${'a'.repeat(2_000)}!`
    for (const source of ['(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*a){10}$', 'a*a*a*a*a*a*b']) {
      expect(compileLinearRegExp(source).matches(input), source).toBe(false)
    }
  })

  test.each([
    ['^[0-9]+%$', true],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', true],
    ['^(?:ab)*c{1,9}$', true],
    ['^[a-z]([a-z-]{0,61}[a-z])?$', true],
    ['^[a-z]([a-z-]{0,99}[a-z])?$', false],
    ['rack-[0-9]', true],
    ['^v[0-9]+(alpha|beta)?$', true],
    ['[0-9]+$', false],
    ['(?i)^abc$', false],
    ['^(a+)+$', false],
    ['^(a|b)*$', false],
    ['^a*a*$', false],
    ['^(a?){30}$', false],
    ['^a{1,20}a{1,20}$', false],
    ['^x|a*$', false],
    ['^[a-z](\\.[a-z]+)*$', false],
    // Few ways, and each of them long.
    [`${'(a|a)'.repeat(6)}(a{1000}){4}b`, false],
    ['(a{1000}){4}b', true],
    // Ways that take nothing of the text.
    ['(|){20}', false],
    ['(x{0}|y{0}){20}', false],
  ])('%s is left to the engine of the platform: %s', (source, isNative) => {
    const { node, ignoreCase } = parsePattern(source)
    expect(!ignoreCase && nativePattern(node) !== undefined).toBe(isNative)
  })
})
