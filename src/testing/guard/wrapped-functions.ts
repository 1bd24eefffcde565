/** An object whose members are functions. */
export type Functions = Record<string, (...args: never[]) => unknown>

/** Makes what is put in the place of a function. */
export type Wrapper = (original: (...args: never[]) => unknown) => unknown

interface Wrapped {
  readonly name: string
  readonly original: PropertyDescriptor | undefined
  readonly wrapper: unknown
}

/**
 * Puts something else in the place of some functions of an object of the host. Returns what puts them back, apart from
 * those that somebody else has replaced meanwhile.
 */
export function wrapFunctions(
  owner: Functions | undefined,
  names: readonly string[],
  wrapper: (original: Parameters<Wrapper>[0], name: string) => unknown,
): () => void {
  if (owner === undefined) return () => {}
  const wrapped = names.flatMap(name => wrap(owner, name, original => wrapper(original, name)))
  return () => {
    for (const { name, original, wrapper: own } of wrapped) {
      if (owner[name] !== own) continue
      if (original === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, original)
    }
  }
}

function wrap(owner: Functions, name: string, make: Wrapper): Wrapped[] {
  const value = owner[name]
  const original = Object.getOwnPropertyDescriptor(owner, name)
  const isFixed = original === undefined ? !Object.isExtensible(owner) : original.configurable !== true
  if (typeof value !== 'function' || isFixed) return []
  const wrapper = make(value)
  Object.defineProperty(owner, name, {
    configurable: true,
    writable: true,
    enumerable: original?.enumerable ?? false,
    value: wrapper,
  })
  return [{ name, original, wrapper }]
}
