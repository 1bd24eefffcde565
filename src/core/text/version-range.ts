import { InvalidError } from '../errors.js'

/**
 * How versions are read. `loose` accepts `1.2beta1`, has `~>`, and lets a prerelease satisfy only a range
 * that names a prerelease of the same release. `semver` wants a dash before the prerelease, has no `~>`, and
 * orders prereleases like any other version.
 */
export type VersionScheme = 'loose' | 'semver'

/** A compiled range of versions. */
export interface VersionRange {
  /** False for text that is no version. */
  contains(version: string): boolean
}

interface Version {
  /** At least three; missing ones are 0. */
  readonly segments: readonly bigint[]
  /** How many were written. */
  readonly written: number
  readonly prerelease: readonly string[]
}

const PATTERNS: Readonly<Record<VersionScheme, RegExp>> = {
  loose:
    /^v?([0-9]+(?:\.[0-9]+)*)(?:-?([A-Za-z~][-0-9A-Za-z~]*(?:\.[-0-9A-Za-z~]+)*)|-([-0-9A-Za-z~]+(?:\.[-0-9A-Za-z~]+)*))?(?:\+[-0-9A-Za-z~.]+)?$/,
  semver: /^v?([0-9]+(?:\.[0-9]+)*)(?:-([-0-9A-Za-z~]+(?:\.[-0-9A-Za-z~]+)*))?(?:\+[-0-9A-Za-z~.]+)?$/,
}
const TERM_PATTERN = /^(=|!=|>=|<=|>|<|~>)?\s*(\S+)$/
/** Longest version, and longest range, that is read. */
const TEXT_LENGTH_MAX = 256

/**
 * Compiles comparisons joined by commas, all of which must hold: `>= 1.2, < 2`. Without an operator `=` is
 * meant. `~> 1.2.3` is at least 1.2.3 and below 1.3, `~> 1.2` at least 1.2 and below 2. Build metadata does
 * not count.
 *
 * @throws InvalidError when a comparison is malformed or the text has more than 256 characters
 */
export function parseVersionRange(text: string, scheme: VersionScheme): VersionRange {
  const tests =
    text.length > TEXT_LENGTH_MAX ? [undefined] : text.split(',').map(term => parseTerm(term, scheme))
  if (tests.includes(undefined)) {
    const example = scheme === 'loose' ? '">= 1.2, < 2" or "~> 1.2"' : '">= 1.2.0, < 2.0.0"'
    throw new InvalidError('version range', [
      { field: 'version', value: text, message: `must look like ${example}` },
    ])
  }
  return Object.freeze({
    contains: (version: string) => {
      const parsed = parseVersion(version.trim(), scheme)
      return parsed !== undefined && tests.every(test => test?.(parsed) === true)
    },
  })
}

function parseTerm(term: string, scheme: VersionScheme): ((version: Version) => boolean) | undefined {
  const match = TERM_PATTERN.exec(term.trim())
  const bound = parseVersion(match?.[2] ?? '', scheme)
  if (match === null || bound === undefined) return undefined
  const operator = match[1] ?? '='
  if (operator === '~>') return scheme === 'loose' ? version => isPessimistic(version, bound) : undefined
  const comparable = scheme === 'semver' || operator === '=' || operator === '!=' ? () => true : isComparable
  return version => comparable(version, bound) && holds(operator, compareVersions(version, bound))
}

function holds(operator: string, order: number): boolean {
  switch (operator) {
    case '!=':
      return order !== 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    default:
      return order === 0
  }
}

/** A prerelease compares only with a bound that is a prerelease of the same release. */
function isComparable(version: Version, bound: Version): boolean {
  if (version.prerelease.length === 0) return true
  return bound.prerelease.length > 0 && compareSegments(version, bound) === 0
}

/** At least the bound, and equal to it in all written segments but the last. */
function isPessimistic(version: Version, bound: Version): boolean {
  if (!isComparable(version, bound) || (bound.prerelease.length > 0 && version.prerelease.length === 0))
    return false
  if (compareVersions(version, bound) < 0) return false
  for (let i = 0; i < bound.written - 1; i++) if (version.segments[i] !== bound.segments[i]) return false
  return true
}

function parseVersion(text: string, scheme: VersionScheme): Version | undefined {
  const match = text.length > TEXT_LENGTH_MAX ? null : PATTERNS[scheme].exec(text)
  if (match === null) return undefined
  const segments = (match[1] ?? '').split('.').map(BigInt)
  const written = segments.length
  while (segments.length < 3) segments.push(0n)
  const prerelease = match[2] ?? match[3]
  return { segments, written, prerelease: prerelease === undefined ? [] : prerelease.split('.') }
}

function compareVersions(a: Version, b: Version): number {
  const order = compareSegments(a, b)
  if (order !== 0) return order
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length
  for (let i = 0; i < Math.max(a.prerelease.length, b.prerelease.length); i++) {
    const part = comparePart(a.prerelease[i], b.prerelease[i])
    if (part !== 0) return part
  }
  return 0
}

function compareSegments(a: Version, b: Version): number {
  for (let i = 0; i < Math.max(a.segments.length, b.segments.length); i++) {
    const [left, right] = [a.segments[i] ?? 0n, b.segments[i] ?? 0n]
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** Numbers before words, numbers by value, words by character; fewer parts first. */
function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0
  if (a === undefined) return -1
  if (b === undefined) return 1
  const [left, right] = [numberOf(a), numberOf(b)]
  if (left !== undefined && right !== undefined) return left < right ? -1 : left > right ? 1 : 0
  if (left !== undefined) return -1
  if (right !== undefined) return 1
  return a < b ? -1 : 1
}

function numberOf(part: string): bigint | undefined {
  return /^[0-9]+$/.test(part) ? BigInt(part) : undefined
}
