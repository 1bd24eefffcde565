import { shareJson } from './shared-json.js'

/**
 * How an object or a list differs from another one: members that are others, members that differ inside, names of those that
 * are gone. Empty parts at the end are left out.
 */
export type JsonDelta = readonly [
  others?: Readonly<Record<string, unknown>>,
  inside?: Readonly<Record<string, JsonDelta>>,
  gone?: readonly string[],
]

type Nested = Readonly<Record<string, unknown>>

/**
 * What turns `base` into `value`, also in the order of members; parts that both share are not looked into. Both are objects as a
 * store holds them: no member is named `__proto__`.
 *
 * @returns undefined when only `value` as a whole tells it
 */
export function jsonDelta(value: object, base: object): JsonDelta | undefined {
  return Array.isArray(value)
    ? listDelta(value, base as readonly unknown[])
    : objectDelta(value as Nested, base as Nested)
}

/** What `jsonDelta` was made from, frozen; it shares with `base` what is the same. */
export function applyJsonDelta(base: object, [others, inside, gone]: JsonDelta): object {
  if (others === undefined) return base
  const value = copyWithout(base, gone)
  const before = base as Nested
  for (const name in others) value[name] = shareJson(others[name], before[name])
  for (const name in inside) value[name] = applyJsonDelta(before[name] as object, inside[name] as JsonDelta)
  return Object.freeze(value)
}

/** What is found out about the members of an object or a list, one after the other. */
class Differences {
  #others: Record<string, unknown> | undefined
  #inside: Record<string, JsonDelta> | undefined
  readonly gone: string[] = []

  see(name: string | number, value: unknown, before: unknown): void {
    if (value === before) return
    const delta = isAlike(value, before) ? jsonDelta(value, before as object) : undefined
    if (delta === undefined) (this.#others ??= {})[name] = value
    else if (delta.length > 0) (this.#inside ??= {})[name] = delta
  }

  get delta(): JsonDelta {
    const [others = {}, inside] = [this.#others, this.#inside]
    if (this.gone.length > 0) return [others, inside ?? {}, this.gone]
    if (inside !== undefined) return [others, inside]
    return this.#others === undefined ? [] : [others]
  }
}

/** Members that are new follow the ones that stay, or it cannot be told by their names. */
function objectDelta(value: Nested, base: Nested): JsonDelta | undefined {
  const found = new Differences()
  const names = Object.keys(base)
  let at = 0
  for (const name in value) {
    if (names[at] !== name) at = skipGone(value, names, { from: at, found })
    if (names[at] === name) found.see(name, value[name], base[names[at++] as string])
    else if (at === names.length) found.see(name, value[name], undefined)
    else return undefined
  }
  skipGone(value, names, { from: at, found })
  return found.delta
}

/** The place of the next name that is still there. */
function skipGone(
  value: Nested,
  names: readonly string[],
  { from, found: { gone } }: { readonly from: number; readonly found: Differences },
): number {
  let at = from
  for (; at < names.length && !Object.hasOwn(value, names[at] as string); at++) gone.push(names[at] as string)
  return at
}

/** Items that are texts or numbers are told with their list: the places of many would be longer than they are. */
function listDelta(value: readonly unknown[], base: readonly unknown[]): JsonDelta | undefined {
  const found = new Differences()
  for (const [index, item] of value.entries()) {
    if (typeof item !== 'object' && item !== base[index]) return undefined
    found.see(index, item, base[index])
  }
  return found.delta
}

/** Whether a delta may tell the difference: both are objects, or lists of one length. */
function isAlike(value: unknown, base: unknown): value is object {
  if (typeof value !== 'object' || typeof base !== 'object' || value === null || base === null) return false
  if (!Array.isArray(value)) return !Array.isArray(base)
  return Array.isArray(base) && value.length === base.length
}

function copyWithout(base: object, gone: readonly string[] | undefined): Record<string, unknown> {
  if (Array.isArray(base)) return [...base] as unknown as Record<string, unknown>
  if (gone === undefined) return { ...base }
  return Object.fromEntries(Object.entries(base).filter(([name]) => !gone.includes(name)))
}
