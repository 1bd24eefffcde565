import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { VersionScheme } from '../../../src/core/text/version-range.js'
import { parseVersionRange } from '../../../src/core/text/version-range.js'

const invalid = expect.objectContaining({ code: 'Invalid' })

describe('version range', () => {
  test.each<[VersionScheme, string, string, boolean]>([
    ['loose', '1.2', '1.2.0', true],
    ['loose', '= 1.2', 'v1.2.0+build', true],
    ['loose', '!= 1.2', '1.2.1', true],
    ['loose', '>= 1.0, < 1.2', '1.1.5', true],
    ['loose', '>= 1.0, < 1.2', '1.2', false],
    ['loose', '>1', '1.0.0.1', true],
    ['loose', '<= 10', '9.9', true],
    ['loose', '> 1.0', '1.1.0-beta', false],
    ['loose', '> 1.1.0-alpha', '1.1.0-beta', true],
    ['loose', '> 1.0.0-alpha', '1.1.0-beta', false],
    ['loose', '> 1.0.0-alpha', '1.1.0', true],
    ['loose', '>= 1.1', '1.1.0-beta', false],
    ['loose', '= 1.1.0-beta', '1.1.0-beta', true],
    ['loose', '= 1.1.0-beta', '1.1beta', true],
    ['loose', '~> 1.2.3', '1.2.9', true],
    ['loose', '~> 1.2.3', '1.2.2', false],
    ['loose', '~> 1.2.3', '1.3.0', false],
    ['loose', '~> 1.2', '1.9.0', true],
    ['loose', '~> 1.2', '2.0.0', false],
    ['loose', '~> 1', '9.0', true],
    ['loose', '~> 1.2.3-beta', '1.2.4', false],
    ['loose', '> 1', 'latest', false],
    ['semver', '> 1.0.0', '1.1.0-beta', true],
    ['semver', '>= 1.1.0', '1.1.0-beta', false],
    ['semver', '> 1.0.0-alpha', '1.0.0-alpha.1', true],
    ['semver', '> 1.0.0-alpha.1', '1.0.0-alpha.beta', true],
    ['semver', '> 1.0.0-alpha.9', '1.0.0-alpha.10', true],
    ['semver', '> 1.0.0-beta', '1.0.0-alpha', false],
    ['semver', '= 1.0.0', '1.0beta', false],
  ])('%s %s contains %s: %s', (scheme, range, version, expected) => {
    expect(parseVersionRange(range, scheme).contains(version)).toBe(expected)
  })

  test.each<[VersionScheme, string]>([
    ['loose', ''],
    ['loose', '>'],
    ['loose', '> 1,'],
    ['loose', '=> 1'],
    ['loose', '> x'],
    ['loose', `> ${'1'.repeat(300)}`],
    ['semver', '~> 1.2'],
    ['semver', '> 1.0beta'],
  ])('%s %j is refused', (scheme, range) => expect(() => parseVersionRange(range, scheme)).toThrow(invalid))

  test('versions are totally ordered, each way of comparing telling the same', () => {
    const prerelease = fc.constantFrom('', '-alpha', '-alpha.1', '-alpha.10', '-beta', '-1', '-rc.1.2')
    const version = fc.tuple(fc.nat(2), fc.nat(2), prerelease).map(([a, b, pre]) => `${a}.${b}.0${pre}`)
    const is = (operator: string, a: string, b: string): boolean =>
      parseVersionRange(`${operator} ${b}`, 'semver').contains(a)
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect([is('<', a, b), is('=', a, b), is('>', a, b)].filter(Boolean)).toHaveLength(1)
        expect(is('<', a, b)).toBe(is('>', b, a))
        expect(is('<=', a, b)).toBe(!is('>', a, b))
        const chained = is('<=', a, b) && is('<=', b, c)
        expect(!chained || is('<=', a, c)).toBe(true)
      }),
    )
  })
})
