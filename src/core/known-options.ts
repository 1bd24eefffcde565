import { UsageError } from './errors.js'

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
  const near = nearest(name, [...names])
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

/** The most similar name, if it is similar: a third of it, and at least two characters, may be wrong. */
function nearest(name: string, names: readonly string[]): string | undefined {
  let found: string | undefined
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  // What is much longer than every name is like none of them.
  if (name.length > 100) return undefined
  for (const candidate of names) {
    const edits = editsBetween(name.toLowerCase(), candidate.toLowerCase())
    if (edits >= least) continue
    least = edits
    found = candidate
  }
  return found
}

/** Levenshtein's distance, row by row. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let line = 1; line <= a.length; line++) {
    const next = [line]
    for (let column = 1; column <= b.length; column++) {
      const replaced = (row[column - 1] as number) + (a[line - 1] === b[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[column] as number) + 1, (next[column - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
