import { InvalidError } from '../errors.js'
import type { LabelOperator, LabelRequirement } from './label-requirement.js'
import { labelRequirement } from './label-requirement.js'

/**
 * Longest selector text that is parsed; anything longer is refused.
 *
 * @internal
 */
export const LABEL_SELECTOR_LENGTH_MAX = 65_536

/** Longest symbols first, so that `!==` reads as `!=` and `=`. */
const SYMBOLS = ['==', '!=', '=', '!', '>', '<', '(', ')', ','] as const
const WORD = /[^\s=!<>(),]+/y
const SPACE = /[ \t\r\n]+/y

interface Token {
  readonly kind: 'word' | 'symbol' | 'end'
  readonly text: string
}

/** Reads `selector := "" | requirement ("," requirement)*` in the order written. */
export function parseLabelRequirements(text: string): readonly LabelRequirement[] {
  if (text.length > LABEL_SELECTOR_LENGTH_MAX) {
    throw fault(text, `a selector has at most ${LABEL_SELECTOR_LENGTH_MAX} characters`)
  }
  const reader = createTokenReader(text)
  const requirements: LabelRequirement[] = []
  if (reader.peek().kind === 'end') return requirements
  for (;;) {
    requirements.push(readRequirement(reader, text))
    const token = reader.next()
    if (token.kind === 'end') return requirements
    if (!isSymbol(token, ',')) throw fault(text, `expected "," or the end before ${show(token)}`)
  }
}

function readRequirement(reader: TokenReader, text: string): LabelRequirement {
  const negated = isSymbol(reader.peek(), '!')
  if (negated) reader.next()
  const key = reader.next()
  if (key.kind !== 'word') throw fault(text, `expected a label key before ${show(key)}`)
  if (negated) return labelRequirement(key.text, '!', [])
  if (endsRequirement(reader.peek())) return labelRequirement(key.text, 'exists', [])
  const operator = readOperator(reader, text)
  const values =
    operator === 'in' || operator === 'notin' ? readList(reader, text) : [readValue(reader, text)]
  return labelRequirement(key.text, operator, values)
}

/** `in` and `notin` are words everywhere else. */
function readOperator(reader: TokenReader, text: string): LabelOperator {
  const token = reader.next()
  switch (token.text) {
    case '=':
    case '==':
    case '!=':
    case '>':
    case '<':
    case 'in':
    case 'notin':
      return token.text
    default:
      throw fault(text, `expected one of = == != > < in notin before ${show(token)}`)
  }
}

function readValue(reader: TokenReader, text: string): string {
  if (endsRequirement(reader.peek())) return ''
  const token = reader.next()
  if (token.kind !== 'word') throw fault(text, `expected a label value before ${show(token)}`)
  return token.text
}

/**
 * What stands between two commas, or a comma and a bracket, is a value; nothing at all is the empty value.
 */
function readList(reader: TokenReader, text: string): readonly string[] {
  const open = reader.next()
  if (!isSymbol(open, '(')) throw fault(text, `expected "(" before ${show(open)}`)
  const values: string[] = []
  for (;;) {
    values.push(reader.peek().kind === 'word' ? reader.next().text : '')
    const token = reader.next()
    if (isSymbol(token, ')')) return values
    if (!isSymbol(token, ',')) throw fault(text, `expected "," or ")" before ${show(token)}`)
  }
}

interface TokenReader {
  peek(): Token
  next(): Token
}

function createTokenReader(text: string): TokenReader {
  let position = 0
  const scan = (): Token => {
    SPACE.lastIndex = position
    if (SPACE.test(text)) position = SPACE.lastIndex
    if (position >= text.length) return { kind: 'end', text: '' }
    const symbol = SYMBOLS.find(candidate => text.startsWith(candidate, position))
    if (symbol !== undefined) {
      position += symbol.length
      return { kind: 'symbol', text: symbol }
    }
    WORD.lastIndex = position
    const word = WORD.exec(text)?.[0] ?? text.charAt(position)
    position += word.length
    return { kind: 'word', text: word }
  }
  let ahead = scan()
  return {
    peek: () => ahead,
    next() {
      const token = ahead
      ahead = scan()
      return token
    },
  }
}

function isSymbol(token: Token, text: string): boolean {
  return token.kind === 'symbol' && token.text === text
}

function endsRequirement(token: Token): boolean {
  return token.kind === 'end' || isSymbol(token, ',')
}

function show(token: Token): string {
  return token.kind === 'end' ? 'the end' : JSON.stringify(token.text)
}

function fault(text: string, message: string): InvalidError {
  return new InvalidError('label selector', [{ field: 'labelSelector', value: text, message }])
}
