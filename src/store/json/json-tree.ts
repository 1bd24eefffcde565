import { deepEqual } from '../../core/internal.js'

const INDEX = /^(?:0|[1-9]\d*)$/

/** The own member of an object or array that a pointer's token names; undefined when there is none. */
export function memberOf(value: unknown, token: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return INDEX.test(token) ? value[Number(token)] : undefined
  return Object.hasOwn(value, token) ? (value as Readonly<Record<string, unknown>>)[token] : undefined
}

/** A copy with another value for a member that is there; the container itself when it is the same value. */
export function replaceIn(container: unknown, token: string, value: unknown): unknown {
  if (memberOf(container, token) === value) return container
  if (!Array.isArray(container)) return { ...(container as object), [token]: value }
  return container.with(Number(token), value)
}

/** A copy without a member that is there. */
export function copyWithout(container: unknown, token: string): unknown {
  if (Array.isArray(container)) return container.toSpliced(Number(token), 1)
  const { [token]: _removed, ...rest } = container as Readonly<Record<string, unknown>>
  return rest
}

/** A copy with one more item, or with a member set; or why that cannot be. */
export function insertInto(
  container: unknown,
  token: string,
  value: unknown,
): { readonly value: unknown } | string {
  if (typeof container !== 'object' || container === null)
    return 'wants to add to something that is no object or array'
  if (!Array.isArray(container)) {
    if (deepEqual(memberOf(container, token), value)) return { value: container }
    return { value: { ...container, [token]: value } }
  }
  if (token !== '-' && !INDEX.test(token)) return `takes "${token}" for an array index`
  const index = token === '-' ? container.length : Number(token)
  if (index > container.length) return `is beyond the end of an array of ${container.length}`
  return { value: container.toSpliced(index, 0, value) }
}
