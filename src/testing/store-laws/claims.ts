import type { KeelsonError, KeelsonErrorCode } from '../../core/index.js'
import { isKeelsonError } from '../../core/index.js'
import { deepEqual } from '../../core/internal.js'
import type { Store } from '../../store/index.js'
import { LAW_KINDS } from './kinds.js'

/** A store does not keep a law. Test frameworks show `actual` and `expected` side by side. */
export class BrokenLawError extends Error {
  readonly actual: unknown
  readonly expected: unknown

  constructor(message: string, actual: unknown, expected: unknown) {
    super(`${message}: expected ${shown(expected)}, got ${shown(actual)}`)
    this.name = 'BrokenLawError'
    this.actual = actual
    this.expected = expected
  }
}

export function claimEqual(actual: unknown, expected: unknown, what: string): void {
  if (!deepEqual(actual, expected)) throw new BrokenLawError(what, actual, expected)
}

/** Everything that `expected` has, `actual` has too. */
export function claimMatch(actual: unknown, expected: unknown, what: string): void {
  if (!isMatch(actual, expected)) throw new BrokenLawError(what, actual, expected)
}

export function claim(holds: boolean, what: string): void {
  if (!holds) throw new BrokenLawError(what, false, true)
}

/** The write or read is refused with the error of this code, which says what it is about. */
export async function claimRefused(
  attempt: () => unknown,
  code: KeelsonErrorCode,
  details: Readonly<Record<string, unknown>> = {},
): Promise<KeelsonError> {
  let answer: unknown
  try {
    answer = await attempt()
  } catch (error) {
    if (!isKeelsonError(error, code)) throw new BrokenLawError('refused with another error', error, code)
    claimMatch(error.details, details, `details of the ${code} error`)
    return error
  }
  throw new BrokenLawError('not refused', answer, code)
}

/** The same, and the store is afterwards as it was before. */
export async function claimRefusedWithoutEffect(
  store: Store,
  attempt: () => unknown,
  code: KeelsonErrorCode,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const before = contentOf(store)
  await claimRefused(attempt, code, details)
  claimEqual(contentOf(store), before, 'the store after a refused call')
}

/** All that a reader can see. */
export function contentOf(store: Store): unknown {
  return [store.revision, ...LAW_KINDS.map(kind => store.list(kind).items)]
}

function isMatch(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected))
    return deepEqual(actual, expected)
  if (typeof actual !== 'object' || actual === null) return false
  const found = actual as Readonly<Record<string, unknown>>
  return Object.entries(expected).every(([key, value]) => isMatch(found[key], value))
}

function shown(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  try {
    return JSON.stringify(value, (_key, part: unknown) => (part === undefined ? null : part)) ?? String(value)
  } catch {
    // A store may answer with anything, a watch with its timers for example.
    return Object.prototype.toString.call(value)
  }
}
