import type { ErrorDetails } from '../../core/index.js'
import { KeelsonError } from '../../core/index.js'

/** What is in etcd is not what a store has put there. */
export class CorruptError extends KeelsonError<'Corrupt'> {
  constructor(path: string, reason: string) {
    super({
      code: 'Corrupt',
      message:
        `${path} in etcd cannot be trusted: ${reason}; nothing was changed. Make sure that it is the right etcd and the ` +
        'right prefix; restore its data, or give the store another prefix',
      details: { path, reason },
    })
  }
}

/** How a call has failed, before it is known what that means for the caller. */
export class GrpcFailure extends Error {
  /** Of gRPC; -1 when no answer came. */
  readonly status: number
  /** Whether the server may have done it. */
  readonly isSent: boolean

  constructor(status: number, message: string, { isSent, cause }: { isSent: boolean; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'GrpcFailure'
    this.status = status
    this.isSent = isSent
  }
}

const NO_ANSWER = -1
const DEADLINE_EXCEEDED = 4
const PERMISSION_DENIED = 7
const RESOURCE_EXHAUSTED = 8
const UNIMPLEMENTED = 12
const UNAVAILABLE = 14
const UNAUTHENTICATED = 16

/** Whether another member, or the same one a little later, might answer. */
export function isTransient({ status, message }: GrpcFailure): boolean {
  return (
    status === NO_ANSWER ||
    status === UNAVAILABLE ||
    status === DEADLINE_EXCEEDED ||
    (status === RESOURCE_EXHAUSTED && message.includes('too many requests'))
  )
}

/** Whether the token of the session has to be asked for again. */
export function isTokenOver({ status, message }: GrpcFailure): boolean {
  return status === UNAUTHENTICATED || message.includes('invalid auth token')
}

/** What has answered does not speak the protocol. */
export function noMessage(cause: RangeError): GrpcFailure {
  const message = `its answer cannot be read (${cause.message})`
  return new GrpcFailure(UNIMPLEMENTED, message, { isSent: true, cause })
}

/** What a failure means for the caller of a store. */
export function etcdError(failure: GrpcFailure, endpoints: readonly string[]): KeelsonError {
  const { status, message } = failure
  const where = endpoints.join(', ')
  const details = { endpoints: [...endpoints], reason: message }
  if (
    isTokenOver(failure) ||
    status === PERMISSION_DENIED ||
    /authentication failed|user name is empty/.test(message)
  )
    return coded(
      'Forbidden',
      `etcd at ${where} does not let the store in: ${message}; give etcd.user and etcd.password of a user whose role may ` +
        'read and write everything under the prefix',
      { ...details, subject: 'the store', hook: 'etcd' },
      failure,
    )
  if (/request is too large|larger than max/.test(message))
    return coded(
      'TooLarge',
      `etcd at ${where} does not take a request of that size: ${message}; write less at once, ` +
        'or raise its --max-request-bytes',
      details,
      failure,
    )
  if (/too many operations/.test(message))
    return coded(
      'TooLarge',
      `etcd at ${where} does not take so many operations: ${message}; write less at once, or ` +
        'raise its --max-txn-ops',
      details,
      failure,
    )
  if (/space exceeded/.test(message))
    return coded(
      'StorageFailed',
      `etcd at ${where} is full and takes no more writes: ${message}; compact and defragment ` +
        'it, or raise its --quota-backend-bytes, then disarm the alarm (etcdctl alarm disarm)',
      { path: where, operation: 'writing', errno: 'ENOSPC' },
      failure,
    )
  if (status === UNIMPLEMENTED)
    return coded(
      'Unsupported',
      `${where} does not speak the protocol of etcd 3: ${message}; check the endpoints`,
      details,
      failure,
    )
  const may = failure.isSent ? 'what was asked for may have happened' : 'nothing was changed'
  return coded(
    'Unavailable',
    `etcd at ${where} has not answered: ${message}; ${may}. Check that it runs, that it can be ` +
      'reached, and that most of its members are there',
    { ...details, sent: failure.isSent },
    failure,
  )
}

function coded(
  code: 'Forbidden' | 'TooLarge' | 'StorageFailed' | 'Unsupported' | 'Unavailable',
  message: string,
  details: ErrorDetails,
  cause: unknown,
): KeelsonError {
  return new KeelsonError({ code, message, details, cause } as ConstructorParameters<typeof KeelsonError>[0])
}
