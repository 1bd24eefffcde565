import { UsageError } from './errors.js'
import { nearestName } from './nearest-name.js'

/** The names of the options that something takes, and how errors call it. */
export interface KnownOptions {
  readonly of: string
  readonly names: ReadonlySet<string>
}

/** The names of all options of a type, which the compiler checks: none is missing and none is too much. */
export type OptionNames<Options> = { readonly [Name in keyof Required<Options>]: true }

/** Declares what something takes. */
export function knownOptions<Options>(of: string, names: OptionNames<Options>): KnownOptions {
  return { of, names: new Set(Object.keys(names)) }
}

/**
 * Refuses options that would be ignored. Those that are undefined are as if left out. It is asked by every call, so it
 * is a loop and nothing else.
 *
 * @throws UsageError that names the nearest known option
 */
export function assertKnown(options: object, known: KnownOptions): void {
  if (typeof options !== 'object' || options === null) throw noOptions(options, known)
  for (const name in options) if (!known.names.has(name)) assertUndefined(options, name, known)
}

/** Options nest no deeper. */
const DEPTH_MAX = 5

/**
 * The options as they are now, for those who read them after the call. What is no plain object or list is shared, and
 * so is what is nested deeper than `depthMax`.
 */
export function ownOptions<Options extends object>(options: Options, depthMax: number = DEPTH_MAX): Options {
  return copyOf(options, depthMax) as Options
}

function copyOf(value: unknown, depth: number): unknown {
  if (depth === 0) return value
  if (Array.isArray(value)) return value.map(item => copyOf(item, depth - 1))
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copyOf(part, depth - 1)]))
}

function assertUndefined(options: object, name: string, { of, names }: KnownOptions): void {
  const value: unknown = Reflect.get(options, name)
  if (value === undefined) return
  const near = nearestName(name, names)
  const remedy =
    near === undefined ? `it takes ${[...names].sort().join(', ') || 'none'}` : `did you mean ${near}?`
  throw new UsageError(`${of} has no option ${JSON.stringify(name.slice(0, 100))}; ${remedy}`, {
    of,
    option: name,
    ...(near === undefined ? {} : { nearest: near }),
  })
}

function noOptions(options: unknown, { of, names }: KnownOptions): UsageError {
  const takes = [...names].sort().join(', ')
  return new UsageError(`the options of ${of} must be an object of ${takes}, not ${String(options)}`, { of })
}
