/** Longest text of an error's details, and of its message. */
const TEXT_MAX = 1_000
const MESSAGE_MAX = 4_000
/** Most characters of all texts of one error's details. */
const CHARACTERS_MAX = 20_000
/** Most members of one list or object. */
const MEMBERS_MAX = 100
const DEPTH_MAX = 8
/** As a member that is assigned. */
const OWN: PropertyDescriptor = { writable: true, enumerable: true, configurable: true }

/** What is left of the limits, and whether anything was left out. */
interface Budget {
  characters: number
  truncated: boolean
  readonly ancestors: unknown[]
}

/**
 * The details as JSON of bounded size: texts are cut after 1,000 characters, lists and objects after 100 members, what
 * is deeper than 8 levels or beyond 20,000 characters is left out, and then `truncated` is true. What is no JSON is told
 * as a text. The details themselves when they are so already.
 */
export function boundedDetails<Details extends object>(details: Details): Details {
  if (isFlat(details)) return details
  const budget: Budget = { characters: CHARACTERS_MAX, truncated: false, ancestors: [] }
  const bounded = bound(details, budget) as Details
  return budget.truncated ? { ...bounded, truncated: true } : bounded
}

/** One value in the same way. */
export function boundedJson(value: unknown): unknown {
  return isSmall(value)
    ? value
    : bound(value, { characters: CHARACTERS_MAX, truncated: false, ancestors: [] })
}

/** A text of at most 1,000 characters. */
export function boundedText(value: string): string {
  return value.length <= TEXT_MAX ? value : `${value.slice(0, TEXT_MAX - 1)}…`
}

/** A message of at most 4,000 characters. */
export function boundedMessage(message: string): string {
  return message.length <= MESSAGE_MAX ? message : `${message.slice(0, MESSAGE_MAX - 1)}…`
}

/** Whether all members are small: a loop over names that the engine knows takes a fifth of a list of their values. */
function isFlat(details: object): boolean {
  for (const name in details) if (!isSmall((details as Readonly<Record<string, unknown>>)[name])) return false
  return true
}

function isSmall(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= 100
  return value === null || value === undefined || typeof value === 'boolean' || Number.isFinite(value)
}

function bound(value: unknown, budget: Budget): unknown {
  switch (typeof value) {
    case 'string':
      return text(value, budget)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
    case 'symbol':
      return text(String(value), budget)
    case 'function':
      return text(`function ${value.name}`, budget)
    case 'object':
      return value === null ? null : container(value, budget)
    case 'undefined':
    case 'boolean':
      return value
  }
}

/** Reading somebody's object may run code of theirs. */
function container(value: object, budget: Budget): unknown {
  const { ancestors } = budget
  if (ancestors.includes(value)) return 'a value that contains itself'
  ancestors.push(value)
  try {
    const isList = Array.isArray(value)
    if (ancestors.length > DEPTH_MAX || budget.characters <= 0) {
      budget.truncated = true
      return isList ? 'a list' : 'an object'
    }
    if (value instanceof Error) return text(`${value.name}: ${value.message}`, budget)
    if (value instanceof Date) return text(String(value), budget)
    return isList ? list(value, budget) : object(value, budget)
  } catch {
    return 'an object that cannot be read'
  } finally {
    ancestors.pop()
  }
}

function list(value: readonly unknown[], budget: Budget): unknown[] {
  const items: unknown[] = []
  const count = Math.min(value.length, MEMBERS_MAX)
  for (let index = 0; index < count && budget.characters > 0; index++) items.push(bound(value[index], budget))
  if (items.length < value.length) budget.truncated = true
  return items
}

function object(value: object, budget: Budget): object {
  const members: Record<string, unknown> = {}
  let count = 0
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue
    if (count++ === MEMBERS_MAX || budget.characters <= 0) {
      budget.truncated = true
      break
    }
    const name = text(key, budget)
    const member = bound((value as Readonly<Record<string, unknown>>)[key], budget)
    // An assignment would set the prototype.
    if (name === '__proto__') Object.defineProperty(members, name, { ...OWN, value: member })
    else members[name] = member
  }
  return members
}

function text(value: string, budget: Budget): string {
  const length = Math.min(value.length, TEXT_MAX, Math.max(0, budget.characters))
  budget.characters -= length + 1
  if (length === value.length) return value
  budget.truncated = true
  return `${value.slice(0, Math.max(0, length - 1))}…`
}
