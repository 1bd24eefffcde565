/** Codes shared by every module. Callers switch on these, never on the class or the text. */
export type KeelsonErrorCode =
  | 'Invalid'
  | 'BadRequest'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'ApplyConflict'
  | 'Forbidden'
  | 'Fenced'
  | 'Expired'
  | 'FutureRevision'
  | 'SlowConsumer'
  | 'UniqueViolation'
  | 'LeaseNotFound'
  | 'TooLarge'
  | 'Usage'
  | 'Timeout'
  | 'Unavailable'
  | 'Closed'
  | 'PoolExhausted'
  | 'OutOfRange'
  | 'Unsupported'
  | 'Terminal'
  | 'RetryAfter'

/** JSON-shaped facts behind an error: the object, the field, the value, what was expected. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/** What an error is made from. */
export interface KeelsonErrorOptions {
  readonly code: KeelsonErrorCode
  readonly message: string
  readonly details?: ErrorDetails
  readonly cause?: unknown
}

/** Survives duplicated copies of the package, where `instanceof` does not. */
const brand: unique symbol = Symbol.for('keelson.error')

/**
 * The base of every error that keelson throws on purpose. The message says what, where and the remedy;
 * `details` says the same as data.
 *
 * @example
 * ```ts
 * import { isKeelsonError, parseQuantity } from 'keelson/core'
 *
 * try {
 *   parseQuantity('12 apples')
 * } catch (error) {
 *   if (!isKeelsonError(error, 'Invalid')) throw error
 * }
 * ```
 */
export class KeelsonError extends Error {
  readonly code: KeelsonErrorCode
  readonly details: ErrorDetails

  constructor(options: KeelsonErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = options.code
    this.details = options.details ?? {}
    Object.defineProperty(this, brand, { value: true })
  }
}

/** True for a keelson error, of any copy of the package, and of `code` when one is given. */
export function isKeelsonError(error: unknown, code?: KeelsonErrorCode): error is KeelsonError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false
  return code === undefined || (error as { code?: unknown }).code === code
}

/** One field that was refused. */
export interface FieldProblem {
  /** Dotted path, for example `spec.ports[0].port`. */
  readonly field: string
  readonly value: unknown
  /** What is wrong and what would be right. */
  readonly message: string
}

/** A value that is not acceptable. `details.problems` lists every field at fault. */
export class InvalidError extends KeelsonError {
  readonly problems: readonly FieldProblem[]

  constructor(subject: string, problems: readonly FieldProblem[], cause?: unknown) {
    const list = problems.map(p => `${p.field}: ${p.message} (got ${render(p.value)})`).join('; ')
    super({
      code: 'Invalid',
      message: `${subject} is invalid: ${list}`,
      details: { subject, problems },
      cause,
    })
    this.problems = problems
  }
}

/** The library was called in a way that can never work; the message names the right call. */
export class UsageError extends KeelsonError {
  constructor(message: string, details: ErrorDetails = {}) {
    super({ code: 'Usage', message, details })
  }
}

/** The thing was closed before the call. */
export class ClosedError extends KeelsonError {
  constructor(what: string) {
    super({ code: 'Closed', message: `${what} is closed`, details: { what } })
  }
}

/** A value as it reads best in a message: short, quoted, never throwing. */
function render(value: unknown): string {
  if (typeof value === 'string') return value.length > 80 ? `"${value.slice(0, 77)}…"` : JSON.stringify(value)
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object'
  return String(value)
}
