/** A function of any object. */
export type Call = (...given: readonly unknown[]) => unknown

/** An object with other functions in the place of those for which `instead` gives one. */
export function facade<T extends object>(
  target: T,
  instead: (member: PropertyKey, call: Call) => Call | undefined,
): T {
  const made = new Map<PropertyKey, unknown>()
  return new Proxy(target, {
    get: (_target, member) => {
      if (made.has(member)) return made.get(member)
      const value: unknown = Reflect.get(target, member, target)
      if (typeof value !== 'function') return value
      const call: Call = (...given) => Reflect.apply(value, target, given)
      const own = instead(member, call) ?? call
      made.set(member, own)
      return own
    },
  })
}
