import { InvalidError } from '../errors.js'
import type { Decimal } from '../text/decimal.js'
import { decimalUnits, parseDecimal } from '../text/decimal.js'
import { parseInt64 } from '../text/integer-text.js'
import { parseIp } from '../text/ip-address.js'
import { parseIpPrefix, prefixContains } from '../text/ip-prefix.js'
import { compileLinearRegExp } from '../text/linear-regexp.js'
import { parseVersionRange } from '../text/version-range.js'
import type { AttributeValue } from './attribute-value.js'
import { attributeMembers, attributeText, canonicalAttributeText } from './attribute-value.js'

/**
 * Operators that look at one node only.
 *
 * | operator | value | satisfied when | absent attribute |
 * |---|---|---|---|
 * | `equals`, `notEquals` | text | same text | no, yes |
 * | `is` | text | same meaning: `0.80` is `0.8`, `{b,a}` is `{a,b}` | no |
 * | `in`, `notIn` | list | the text is in the list | no, yes |
 * | `exists`, `doesNotExist` | none | the node has the attribute | no, yes |
 * | `greaterInteger`, `lessInteger` | integer | both are 64-bit integers in that order | no |
 * | `less`, `lessOrEqual`, `greater`, `greaterOrEqual` | text | in that order, as numbers if both are, else as text | no |
 * | `matches`, `notMatches` | pattern | it covers the whole text | no, yes |
 * | `search` | pattern | it is found in the text | no |
 * | `containsAll`, `containsAny` | list, or text with commas | the members include all, or any | no |
 * | `version`, `semver` | range | see `parseVersionRange` | no |
 * | `inPrefix`, `notInPrefix` | IP prefix or address | the address lies under it | no, yes |
 */
export type NodeOperator =
  | 'equals'
  | 'notEquals'
  | 'is'
  | 'in'
  | 'notIn'
  | 'exists'
  | 'doesNotExist'
  | 'greaterInteger'
  | 'lessInteger'
  | 'less'
  | 'lessOrEqual'
  | 'greater'
  | 'greaterOrEqual'
  | 'matches'
  | 'notMatches'
  | 'search'
  | 'containsAll'
  | 'containsAny'
  | 'version'
  | 'semver'
  | 'inPrefix'
  | 'notInPrefix'

/** What an operator compares with. A number stands for its text. */
export type ConstraintValue = string | number | readonly string[]

/** Decides about the value of a node's attribute; undefined when the node has none. */
export type AttributeTest = (value: AttributeValue | undefined) => boolean

/** Refinements of an operator. */
export interface OperatorOptions {
  /** Compare letters without case; for `equals`, `notEquals`, `in` and `notIn`. Default false. */
  readonly ignoreCase?: boolean
}

/** Most members of a list. */
const MEMBERS_MAX = 10_000

type OperatorCompiler = (value: ConstraintValue | undefined, options: OperatorOptions) => AttributeTest

/** By operator; an operator missing here does not compile. */
const COMPILERS: Readonly<Record<NodeOperator, OperatorCompiler>> = {
  equals: (value, options) => listTest([textOf(value)], options),
  notEquals: (value, options) => not(listTest([textOf(value)], options)),
  in: (value, options) => listTest(listOf(value), options),
  notIn: (value, options) => not(listTest(listOf(value), options)),
  is: value => {
    const wanted = canonicalAttributeText(textOf(value))
    return present(actual => canonicalAttributeText(attributeText(actual)) === wanted)
  },
  exists: value => (noValue(value), actual => actual !== undefined),
  doesNotExist: value => (noValue(value), actual => actual === undefined),
  greaterInteger: value => integerTest(value, (actual, bound) => actual > bound),
  lessInteger: value => integerTest(value, (actual, bound) => actual < bound),
  less: value => orderTest(value, order => order < 0),
  lessOrEqual: value => orderTest(value, order => order <= 0),
  greater: value => orderTest(value, order => order > 0),
  greaterOrEqual: value => orderTest(value, order => order >= 0),
  matches: value => coverTest(value),
  notMatches: value => not(coverTest(value)),
  search: value => {
    const pattern = compileLinearRegExp(textOf(value))
    return present(actual => pattern.search(attributeText(actual)))
  },
  containsAll: value => {
    const wanted = membersOf(value)
    return present(actual => containsEvery(new Set(attributeMembers(actual)), wanted))
  },
  containsAny: value => {
    const wanted = new Set(membersOf(value))
    return present(actual => attributeMembers(actual).some(member => wanted.has(member)))
  },
  version: value => versionTest(textOf(value), 'loose'),
  semver: value => versionTest(textOf(value), 'semver'),
  inPrefix: value => prefixTest(textOf(value)),
  notInPrefix: value => not(prefixTest(textOf(value))),
}

/** Names of the operators that look at one node only. */
export const NODE_OPERATORS: readonly string[] = /* @__PURE__ */ Object.keys(COMPILERS)

/** Whether the name is that of an operator which looks at one node only. */
export function isNodeOperator(operator: string): operator is NodeOperator {
  return Object.hasOwn(COMPILERS, operator)
}

/**
 * Compiles an operator with its value.
 *
 * @throws InvalidError when the value does not suit the operator, a pattern is malformed or too long, or a
 * list has more than 10,000 members
 */
export function compileOperator(
  operator: NodeOperator,
  value: ConstraintValue | undefined,
  options: OperatorOptions = {},
): AttributeTest {
  return COMPILERS[operator](value, options)
}

/** The negation of a test; so an absent attribute, which fails the test, passes it. */
function not(test: AttributeTest): AttributeTest {
  return actual => !test(actual)
}

function present(test: (value: AttributeValue) => boolean): AttributeTest {
  return actual => actual !== undefined && test(actual)
}

function listTest(list: readonly string[], { ignoreCase = false }: OperatorOptions): AttributeTest {
  const fold = ignoreCase ? (text: string): string => text.toLowerCase() : (text: string): string => text
  const wanted = new Set(list.map(fold))
  return present(actual => wanted.has(fold(attributeText(actual))))
}

function integerTest(
  value: ConstraintValue | undefined,
  holds: (actual: bigint, bound: bigint) => boolean,
): AttributeTest {
  const bound = parseInt64(singleOf(value))
  if (bound === undefined) throw fault(value, 'must be a 64-bit integer')
  return present(actual => {
    const integer = parseInt64(attributeText(actual))
    return integer !== undefined && holds(integer, bound)
  })
}

function orderTest(value: ConstraintValue | undefined, holds: (order: number) => boolean): AttributeTest {
  const bound = textOf(value)
  const number = parseDecimal(bound)
  return present(actual => {
    const text = attributeText(actual)
    const other = number === undefined ? undefined : parseDecimal(text)
    if (number !== undefined && other !== undefined) return holds(compareDecimals(other, number))
    return holds(text < bound ? -1 : text > bound ? 1 : 0)
  })
}

/** Exact, so integers need no case of their own. */
function compareDecimals(a: Decimal, b: Decimal): number {
  const digits = Math.max(0, -a.exponent, -b.exponent)
  const [left, right] = [decimalUnits(a, digits, 'up'), decimalUnits(b, digits, 'up')]
  return left < right ? -1 : left > right ? 1 : 0
}

function coverTest(value: ConstraintValue | undefined): AttributeTest {
  const pattern = compileLinearRegExp(textOf(value))
  return present(actual => pattern.matches(attributeText(actual)))
}

function versionTest(range: string, scheme: 'loose' | 'semver'): AttributeTest {
  const versions = parseVersionRange(range, scheme)
  return present(actual => versions.contains(attributeText(actual)))
}

function prefixTest(text: string): AttributeTest {
  const prefix = parseIpPrefix(text)
  if (prefix === undefined) throw fault(text, 'must be an IP address or a prefix such as 10.0.0.0/8')
  return present(actual => {
    const address = parseIp(attributeText(actual))
    return address !== undefined && prefixContains(prefix, address)
  })
}

function containsEvery(members: ReadonlySet<string>, wanted: readonly string[]): boolean {
  return wanted.every(member => members.has(member))
}

function textOf(value: ConstraintValue | undefined): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return attributeText(value)
  throw fault(value, 'must be text or a number')
}

/** One text, or a list of exactly one. */
function singleOf(value: ConstraintValue | undefined): string {
  return textOf(typeof value === 'object' && value.length === 1 ? value[0] : value)
}

function listOf(value: ConstraintValue | undefined): readonly string[] {
  if (typeof value !== 'object' || value.some(member => typeof member !== 'string')) {
    throw fault(value, 'must be a list of texts')
  }
  if (value.length > MEMBERS_MAX) throw fault(value, `must have at most ${MEMBERS_MAX} members`)
  return value
}

function membersOf(value: ConstraintValue | undefined): readonly string[] {
  return listOf(typeof value === 'object' ? value : attributeMembers(textOf(value)))
}

function noValue(value: ConstraintValue | undefined): void {
  if (value !== undefined) throw fault(value, 'must be left out')
}

function fault(value: unknown, message: string): InvalidError {
  return new InvalidError('constraint', [{ field: 'value', value, message }])
}
