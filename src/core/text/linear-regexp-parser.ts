import { InvalidError } from '../errors.js'

/** Most steps a pattern may compile to, once bounded repetitions are written out. */
export const PATTERN_STEPS_MAX = 5_000
/** Longest pattern that is accepted, in characters. */
const PATTERN_LENGTH_MAX = 512
/** Highest count in `{n,m}`. */
const PATTERN_REPEAT_MAX = 1_000
/** Deepest nesting of groups. */
const DEPTH_MAX = 50

/** A set of characters: inclusive ranges of code points. */
export interface CharacterSet {
  readonly ranges: readonly (readonly [first: number, last: number])[]
  readonly negated: boolean
}

/** A parsed pattern. */
export type PatternNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'boundary' | 'notBoundary' }
  | { readonly kind: 'sequence'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly node: PatternNode; readonly min: number; readonly max: number }

/** A pattern and whether letters match either case. */
export interface ParsedPattern {
  readonly node: PatternNode
  readonly ignoreCase: boolean
}

const LAST = 0x10ffff
const DIGITS: CharacterSet['ranges'] = [[48, 57]]
const WORDS: CharacterSet['ranges'] = [...DIGITS, [65, 90], [95, 95], [97, 122]]
const SPACES: CharacterSet['ranges'] = [
  [9, 10],
  [12, 13],
  [32, 32],
]
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 }
const ANY_BUT_NEWLINE: CharacterSet = { ranges: [[10, 10]], negated: true }

/**
 * Parses the part of regular expressions that can be matched in linear time: literals, `.`, classes, `\d`,
 * `\w`, `\s` and their opposites, `^`, `$`, `\A`, `\z`, `\b`, `\B`, groups (plain, `(?:…)` and named), `|`,
 * `*`, `+`, `?`, `{n,m}` and their lazy forms, and `(?i)` in front. Look-around and back references are refused.
 *
 * @throws InvalidError with what is wrong and where
 */
export function parsePattern(source: string): ParsedPattern {
  if (source.length > PATTERN_LENGTH_MAX)
    throw fault(source, `has more than ${PATTERN_LENGTH_MAX} characters`)
  const ignoreCase = source.startsWith('(?i)')
  const reader: Reader = { source, characters: Array.from(source), at: ignoreCase ? 4 : 0, depth: 0 }
  const node = readChoice(reader)
  if (reader.at < reader.characters.length) throw fault(source, 'has a ")" without "("')
  return { node, ignoreCase }
}

interface Reader {
  readonly source: string
  readonly characters: readonly string[]
  at: number
  depth: number
}

function readChoice(reader: Reader): PatternNode {
  const nodes = [readSequence(reader)]
  while (take(reader, '|')) nodes.push(readSequence(reader))
  return nodes.length === 1 ? (nodes[0] ?? { kind: 'empty' }) : { kind: 'choice', nodes }
}

function readSequence(reader: Reader): PatternNode {
  const nodes: PatternNode[] = []
  for (;;) {
    const next = reader.characters[reader.at]
    if (next === undefined || next === '|' || next === ')') break
    nodes.push(readRepeat(reader, readAtom(reader)))
  }
  return nodes.length === 0 ? { kind: 'empty' } : { kind: 'sequence', nodes }
}

function readRepeat(reader: Reader, node: PatternNode): PatternNode {
  const bounds = readBounds(reader)
  if (bounds === undefined) return node
  const [min, max] = bounds
  if (min > max) throw fault(reader.source, `repeats from ${min} to ${max}`)
  if (min > PATTERN_REPEAT_MAX || (max !== Number.POSITIVE_INFINITY && max > PATTERN_REPEAT_MAX)) {
    throw fault(reader.source, `repeats more than ${PATTERN_REPEAT_MAX} times`)
  }
  take(reader, '?')
  if (readBounds(reader) !== undefined) throw fault(reader.source, 'repeats a repetition; group it first')
  return { kind: 'repeat', node, min, max }
}

function readBounds(reader: Reader): readonly [number, number] | undefined {
  if (take(reader, '*')) return [0, Number.POSITIVE_INFINITY]
  if (take(reader, '+')) return [1, Number.POSITIVE_INFINITY]
  if (take(reader, '?')) return [0, 1]
  if (reader.characters[reader.at] !== '{') return undefined
  const match = /^\{([0-9]{1,6})(,([0-9]{0,6}))?\}/.exec(
    reader.characters.slice(reader.at, reader.at + 16).join(''),
  )
  if (match === null) return undefined
  reader.at += match[0].length
  const min = Number(match[1])
  if (match[2] === undefined) return [min, min]
  return [min, match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3])]
}

function readAtom(reader: Reader): PatternNode {
  const character = reader.characters[reader.at++] ?? ''
  switch (character) {
    case '.':
      return { kind: 'set', set: ANY_BUT_NEWLINE }
    case '^':
      return { kind: 'assert', what: 'start' }
    case '$':
      return { kind: 'assert', what: 'end' }
    case '(':
      return readGroup(reader)
    case '[':
      return { kind: 'set', set: readClass(reader) }
    case '\\':
      return readEscape(reader)
    case '*':
    case '+':
    case '?':
      throw fault(reader.source, `has nothing to repeat before "${character}"`)
    default:
      return literal(character)
  }
}

function readGroup(reader: Reader): PatternNode {
  if (++reader.depth > DEPTH_MAX) throw fault(reader.source, `nests more than ${DEPTH_MAX} groups`)
  if (take(reader, '?')) {
    const name = /^(?::|P?<[A-Za-z_][A-Za-z0-9_]*>)/.exec(reader.characters.slice(reader.at).join(''))
    if (name === null)
      throw fault(reader.source, 'has a group other than (…), (?:…) and (?<name>…); (?i) may only lead')
    reader.at += name[0].length
  }
  const node = readChoice(reader)
  if (!take(reader, ')')) throw fault(reader.source, 'has a "(" without ")"')
  reader.depth--
  return node
}

function readEscape(reader: Reader): PatternNode {
  const character = reader.characters[reader.at++]
  switch (character) {
    case 'A':
      return { kind: 'assert', what: 'start' }
    case 'z':
      return { kind: 'assert', what: 'end' }
    case 'b':
      return { kind: 'assert', what: 'boundary' }
    case 'B':
      return { kind: 'assert', what: 'notBoundary' }
    default:
      return { kind: 'set', set: escapedSet(reader, character) }
  }
}

/** What follows a backslash, inside and outside of classes alike. */
function escapedSet(reader: Reader, character: string | undefined): CharacterSet {
  const shorthand = character === undefined ? undefined : SHORTHANDS[character]
  if (shorthand !== undefined) return shorthand
  if (character === undefined || /[A-Za-z0-9]/.test(character)) {
    const code = character === undefined ? undefined : CONTROLS[character]
    if (code === undefined) throw fault(reader.source, `has the unsupported escape "\\${character ?? ''}"`)
    return { ranges: [[code, code]], negated: false }
  }
  return setOf(character)
}

const SHORTHANDS: Readonly<Record<string, CharacterSet>> = {
  d: { ranges: DIGITS, negated: false },
  D: { ranges: DIGITS, negated: true },
  w: { ranges: WORDS, negated: false },
  W: { ranges: WORDS, negated: true },
  s: { ranges: SPACES, negated: false },
  S: { ranges: SPACES, negated: true },
}

function readClass(reader: Reader): CharacterSet {
  const negated = take(reader, '^')
  const ranges: (readonly [number, number])[] = []
  for (let first = true; first || reader.characters[reader.at] !== ']'; first = false) {
    const low = readClassItem(reader)
    const dash = reader.characters[reader.at] === '-' && (reader.characters[reader.at + 1] ?? ']') !== ']'
    if (!dash) {
      ranges.push(...plainRanges(low))
      continue
    }
    reader.at++
    const [from, to] = [single(low), single(readClassItem(reader))]
    if (from === undefined || to === undefined || from > to)
      throw fault(reader.source, 'has a bad range in a class')
    ranges.push([from, to])
  }
  reader.at++
  return { ranges, negated }
}

function readClassItem(reader: Reader): CharacterSet {
  const character = reader.characters[reader.at++]
  if (character === undefined) throw fault(reader.source, 'has a "[" without "]"')
  if (character === '[' && reader.characters[reader.at] === ':')
    throw fault(reader.source, 'has an unsupported class [:…:]')
  return character === '\\' ? escapedSet(reader, reader.characters[reader.at++]) : setOf(character)
}

/** The ranges of a set once its negation is worked out. */
function plainRanges({ ranges, negated }: CharacterSet): CharacterSet['ranges'] {
  if (!negated) return ranges
  const rest: (readonly [number, number])[] = []
  let next = 0
  for (const [first, last] of ranges) {
    if (first > next) rest.push([next, first - 1])
    next = last + 1
  }
  rest.push([next, LAST])
  return rest
}

function single({ ranges, negated }: CharacterSet): number | undefined {
  const range = ranges[0]
  return !negated && ranges.length === 1 && range !== undefined && range[0] === range[1]
    ? range[0]
    : undefined
}

function literal(character: string): PatternNode {
  return { kind: 'set', set: setOf(character) }
}

function setOf(character: string): CharacterSet {
  const code = character.codePointAt(0) ?? 0
  return { ranges: [[code, code]], negated: false }
}

function take(reader: Reader, character: string): boolean {
  if (reader.characters[reader.at] !== character) return false
  reader.at++
  return true
}

function fault(source: string, message: string): InvalidError {
  return new InvalidError('pattern', [{ field: 'pattern', value: source, message }])
}
