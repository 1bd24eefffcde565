import { boundedDetails, boundedMessage } from './error-details.js'

/** Facts behind an error, as JSON: the object, the field, the value, what was expected. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/** One field that was refused. */
export interface FieldProblem {
  /** Dotted path, for example `spec.ports[0].port`. */
  readonly field: string
  readonly value: unknown
  /** What is wrong and what would be right. */
  readonly message: string
}

/** The object that an error is about. */
interface ObjectDetails extends ErrorDetails {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

/**
 * What `details` of an error hold, by its code; whoever throws may add more. The codes are those of all modules:
 * callers switch on them, never on the class or the text.
 */
export interface DetailsByCode {
  /** A value is not acceptable; every field at fault is listed. */
  readonly Invalid: ErrorDetails & { readonly subject: string; readonly problems: readonly FieldProblem[] }
  /** A parameter of a read cannot be understood, for example a selector. */
  readonly BadRequest: ErrorDetails
  readonly NotFound: ObjectDetails
  /** The name is taken, perhaps by an object that is being deleted. */
  readonly AlreadyExists: ObjectDetails & { readonly deleting?: boolean }
  /** The object is not, or no longer, the one that was read. */
  readonly Conflict: ObjectDetails & {
    readonly field?: string
    readonly expected?: string
    readonly actual?: string
    /** Top-level fields changed since the expected version, as far as that version is kept. */
    readonly changed?: readonly string[]
  }
  /** Fields of other managers would change. */
  readonly ApplyConflict: ObjectDetails & {
    readonly manager: string
    readonly conflicts: readonly { readonly manager: string; readonly path: string }[]
  }
  /** An admission hook does not allow the write. */
  readonly Forbidden: ErrorDetails & {
    readonly subject: string
    readonly hook: string
    readonly reason: string
  }
  /** The writer's licence has ended: a term was lost, or an attempt is over. */
  readonly Fenced: ErrorDetails
  /** The revision is older than the history that is kept. */
  readonly Expired: ErrorDetails & {
    readonly revision: number
    readonly oldestAvailable: number
    /** Goes on with a list, from the newest revision. */
    readonly continue?: string
  }
  /** The revision has not happened yet. */
  readonly FutureRevision: ErrorDetails & { readonly revision: number; readonly current: number }
  /** A watcher fell off the log, or behind its limit. */
  readonly SlowConsumer: ErrorDetails & {
    readonly lastResourceVersion: string
    readonly oldestAvailable: number
  }
  /** Another object is found under this value of a unique index. */
  readonly UniqueViolation: ObjectDetails & {
    readonly index: string
    readonly value: unknown
    readonly holder: { readonly kind: string; readonly namespace?: string; readonly name: string }
  }
  /** A write would go beyond a quota of the store. */
  readonly QuotaExceeded: ErrorDetails & {
    readonly resource: 'objects' | 'bytes'
    readonly used: number
    readonly asked: number
    readonly max: number
    readonly kind?: string
    readonly namespace?: string
  }
  /** A lifetime was never granted, was revoked, or its time is over. */
  readonly LifetimeNotFound: ErrorDetails & { readonly id: string }
  /** More than a documented limit; the detail that ends in `Max` is the limit. */
  readonly TooLarge: ErrorDetails
  /** Called in a way that can never work. */
  readonly Usage: ErrorDetails
  readonly Timeout: ErrorDetails & { readonly timeoutMs?: number }
  /** No answer came: a write may have happened. Read before writing again. */
  readonly Unavailable: ErrorDetails
  readonly Closed: ErrorDetails & { readonly what: string }
  /** What is on disk cannot be trusted; nothing of it was changed. */
  readonly Corrupt: ErrorDetails & {
    readonly path: string
    /** Where in the file, in bytes. */
    readonly offset?: number
    readonly reason: string
  }
  /** Another process, or another store of this one, has it. */
  readonly Locked: ErrorDetails & { readonly path: string }
  /** A disk has refused. A store that was to write there has stopped, and what it has not acknowledged may have happened. */
  readonly StorageFailed: ErrorDetails & {
    readonly path: string
    readonly operation: string
    /** The system's code, for example `ENOSPC`. */
    readonly errno?: string
  }
  readonly PoolExhausted: ErrorDetails & { readonly pool: string }
  readonly OutOfRange: ErrorDetails
  readonly Unsupported: ErrorDetails
  /** A reconciler says: do not try again until something changes. */
  readonly Terminal: ErrorDetails
  /** A reconciler says: try again after `afterMs`. */
  readonly RetryAfter: ErrorDetails & { readonly afterMs: number }
}

/** Every code of every module. */
export type KeelsonErrorCode = keyof DetailsByCode

/** What an error is made from. */
export type KeelsonErrorOptions<Code extends KeelsonErrorCode = KeelsonErrorCode> = {
  readonly code: Code
  readonly message: string
  readonly cause?: unknown
} & (ErrorDetails extends DetailsByCode[Code]
  ? { readonly details?: DetailsByCode[Code] }
  : { readonly details: DetailsByCode[Code] })

/** The error of one code, or of one of several: `switch (error.code)` narrows `details`. */
export type KeelsonErrorOf<Code extends KeelsonErrorCode> = Code extends KeelsonErrorCode
  ? KeelsonError<Code>
  : never

/** Survives duplicated copies of the package, where `instanceof` does not. */
const brand: unique symbol = Symbol.for('keelson.error')

/**
 * The base of every error that keelson throws on purpose. The message says what, where and the remedy, in at most 4,000
 * characters; `details` says the same as JSON of bounded size: of lists at most 100 items, of texts 1,000 characters,
 * 20,000 in all. Where something was left out `details.truncated` is true.
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
export class KeelsonError<Code extends KeelsonErrorCode = KeelsonErrorCode> extends Error {
  readonly code: Code
  readonly details: DetailsByCode[Code]

  constructor(options: KeelsonErrorOptions<Code>) {
    super(boundedMessage(options.message), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = options.code
    this.details = boundedDetails(options.details ?? ({} as DetailsByCode[Code]))
    // With the first error: one of each would cost 0.2 µs, and a class that is marked where it is made is never left out
    // of a bundle.
    if (!(brand in this)) Object.defineProperty(KeelsonError.prototype, brand, { value: true })
  }
}

/**
 * True for a keelson error, of any copy of the package, and of one of `codes` when some are given. Then `details`
 * has the type that `DetailsByCode` gives for them.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { isKeelsonError, parseQuantity } from 'keelson/core'
 *
 * try {
 *   parseQuantity('12 apples')
 * } catch (error) {
 *   assert.ok(isKeelsonError(error, 'Invalid', 'OutOfRange'))
 *   if (error.code === 'Invalid') assert.equal(error.details.problems.length, 1)
 * }
 * ```
 */
export function isKeelsonError<Code extends KeelsonErrorCode = KeelsonErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is KeelsonErrorOf<Code> {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false
  return codes.length === 0 || codes.includes((error as { code?: unknown }).code as Code)
}

/** So many problems are told in a message. */
const PROBLEMS_SHOWN_MAX = 10

/** A value that is not acceptable. `details.problems` lists every field at fault, up to 100. */
export class InvalidError extends KeelsonError<'Invalid'> {
  readonly problems: readonly FieldProblem[]

  constructor(subject: string, problems: readonly FieldProblem[], cause?: unknown) {
    const shown = problems.slice(0, PROBLEMS_SHOWN_MAX)
    const list = shown.map(told).join('; ')
    const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : ''
    super({
      code: 'Invalid',
      message: `${subject} is invalid: ${list}${more}`,
      details: { subject, problems },
      cause,
    })
    this.problems = this.details.problems
  }
}

/** A problem with the subject itself has no field. */
function told({ field, message, value }: FieldProblem): string {
  return `${field === '' ? '' : `${field}: `}${message} (got ${render(value)})`
}

/** @throws InvalidError when there is a problem */
export function assertValid(subject: string, problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw new InvalidError(subject, problems)
}

/** The library was called in a way that can never work; the message names the right call. */
export class UsageError extends KeelsonError<'Usage'> {
  constructor(message: string, details: ErrorDetails = {}) {
    super({ code: 'Usage', message, details })
  }
}

/** The thing was closed before the call. */
export class ClosedError extends KeelsonError<'Closed'> {
  constructor(what: string) {
    super({ code: 'Closed', message: `${what} is closed`, details: { what } })
  }
}

/** A value as it reads best in a message: short, quoted, never throwing. */
function render(value: unknown): string {
  if (typeof value === 'string') return value.length > 80 ? `"${value.slice(0, 77)}…"` : JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object'
  } catch {
    return 'an object that cannot be read'
  }
}
