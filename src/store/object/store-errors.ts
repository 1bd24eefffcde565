import type { ErrorDetails, FieldProblem } from '../../core/index.js'
import { InvalidError, KeelsonError, UsageError } from '../../core/index.js'
import { wholeNumber } from '../../core/internal.js'
import type { IndexedValue } from './indexed-value.js'
import type { ObjectId } from './object.js'
import { describeObject } from './object.js'

/** The object does not exist. */
export class NotFoundError extends KeelsonError {
  constructor(object: ObjectId) {
    super({
      code: 'NotFound',
      message: `${describeObject(object)} does not exist; create it, or check kind, namespace and name`,
      details: { ...object },
    })
  }
}

/** The name is taken, perhaps by an object that is being deleted (`details.deleting`). */
export class AlreadyExistsError extends KeelsonError {
  constructor(object: ObjectId, deleting: boolean) {
    const remedy = deleting
      ? 'is being deleted; wait until it is gone'
      : 'already exists; update it or choose another name'
    super({
      code: 'AlreadyExists',
      message: `${describeObject(object)} ${remedy}`,
      details: { ...object, deleting },
    })
  }
}

/** What a write expected of an object, and what it found. */
export interface Mismatch {
  /** `resourceVersion`, `uid`, or a field that a selector asks for. */
  readonly field: string
  readonly expected: string
  readonly actual: string
  /** Top-level fields changed since the expected version, as far as the store still keeps that version. */
  readonly changed?: readonly string[]
}

/** The object is not, or no longer, the one the writer has read. */
export class ConflictError extends KeelsonError {
  constructor(object: ObjectId, mismatch: Mismatch) {
    const { field, expected, actual, changed } = mismatch
    const since =
      changed === undefined || changed.length === 0 ? '' : `; changed since: ${changed.join(', ')}`
    super({
      code: 'Conflict',
      message:
        `${describeObject(object)} has ${actual === '' ? `no ${field}` : `${field} ${actual}`}, ` +
        `the write expected ${expected}${since}; ` +
        'read the object again and repeat the change, or use modify',
      details: { ...object, ...mismatch },
    })
  }
}

/** An object is not there, or is there, against what a write expected. */
export function existenceConflict(object: ObjectId, expected: boolean): KeelsonError<'Conflict'> {
  const found = expected
    ? 'does not exist, which the write expected'
    : 'exists, which the write expected it would not'
  return new KeelsonError({
    code: 'Conflict',
    message: `${describeObject(object)} ${found}; read it again, and decide again`,
    details: { ...object, field: 'exists', expected: String(expected), actual: String(!expected) },
  })
}

/** A value that only one object may have, who has it, and of which index. */
export interface Claim {
  readonly index: string
  readonly value: IndexedValue
  readonly holder: ObjectId
}

/** Another object is already found under this value of a unique index. */
export class UniqueViolationError extends KeelsonError {
  constructor(object: ObjectId, claim: Claim) {
    const { index, value, holder } = claim
    super({
      code: 'UniqueViolation',
      message:
        `${describeObject(object)} cannot be under ${JSON.stringify(value)} of the unique index "${index}": ` +
        `${describeObject(holder)} is; choose another value, or change the holder in the same transaction`,
      details: { ...object, ...claim },
    })
  }
}

/** The lifetime was never granted, was revoked, or its time is over. */
export class LifetimeNotFoundError extends KeelsonError {
  constructor(id: string) {
    super({
      code: 'LifetimeNotFound',
      message: `lifetime ${id} does not exist, or no longer; grant it again and write its objects again`,
      details: { id },
    })
  }
}

/** This writer's licence has ended: the object that stands for it was changed or removed. */
export class FencedError extends KeelsonError {
  constructor(fence: ObjectId, expected: string, actual: string | undefined) {
    super({
      code: 'Fenced',
      message:
        `the write is fenced: ${describeObject(fence)} should have resourceVersion ${expected} and ` +
        `${actual === undefined ? 'does not exist' : `has ${actual}`}; stop, or acquire it again`,
      details: { ...fence, expected, actual },
    })
  }
}

/** The revision asked for is older than the history the store keeps. */
export class ExpiredError extends KeelsonError {
  constructor(revision: number, oldestAvailable: number, { message, ...more }: ExpiredDetails = {}) {
    super({
      code: 'Expired',
      message:
        message ??
        `revision ${revision} is no longer kept, the oldest is ${oldestAvailable}; ` +
          'list again and continue from the revision of that list',
      details: { revision, oldestAvailable, ...more },
    })
  }
}

/** What else is known where a revision has expired. */
interface ExpiredDetails {
  readonly message?: string
  /** A token that goes on with a list, from the newest revision. */
  readonly continue?: string
  /** The time of the oldest, RFC 3339, where a time was asked for. */
  readonly earliest?: string
}

/** The revision asked for has not happened; most often it comes from another store. */
export class FutureRevisionError extends KeelsonError {
  constructor(revision: number, current: number) {
    super({
      code: 'FutureRevision',
      message: `revision ${revision} is in the future, the store is at ${current}; is it from another store?`,
      details: { revision, current },
    })
  }
}

/** The watcher fell behind the store's log, or further than its limit allows. */
export class SlowConsumerError extends KeelsonError {
  /** The last revision that the watcher has handled. */
  readonly lastResourceVersion: string
  /** The oldest revision from which a watch can still start. */
  readonly oldestAvailable: number

  constructor(lastRevision: number, oldestAvailable: number) {
    super({
      code: 'SlowConsumer',
      message:
        `the watcher is too far behind and stopped at revision ${lastRevision}; watch from there if it is at least ` +
        `${oldestAvailable}, else list again; read faster, or raise bufferLimit or logCapacity`,
      details: { lastResourceVersion: String(lastRevision), oldestAvailable },
    })
    this.lastResourceVersion = String(lastRevision)
    this.oldestAvailable = oldestAvailable
  }
}

/** An admission hook does not allow the write. */
export class ForbiddenError extends KeelsonError {
  constructor(subject: string, hook: string, reason: string) {
    super({
      code: 'Forbidden',
      message: `${subject} is forbidden by admission hook "${hook}": ${reason}`,
      details: { subject, hook, reason },
    })
  }
}

/** A parameter of a read cannot be understood, for example a selector. */
export class BadRequestError extends KeelsonError {
  constructor(message: string, details: ErrorDetails, cause?: unknown) {
    super({ code: 'BadRequest', message, details, cause })
  }
}

/** @throws UsageError for an option that is no whole number of at least 1 */
export function assertWhole(option: string, value: unknown): void {
  const [problem] = wholeNumber(option, value, { min: 1 })
  if (problem !== undefined)
    throw new UsageError(`${option} ${problem.message}, not ${String(value)}`, { [option]: value })
}

/** @throws InvalidError when there are any */
export function refuse(problems: readonly FieldProblem[], subject: string): void {
  if (problems.length > 0) throw new InvalidError(subject, problems)
}
