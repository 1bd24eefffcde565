import { InvalidError } from '../../core/index.js'
import type { RevisionLog } from '../engine/revision-log.js'
import { BadRequestError, ExpiredError, FutureRevisionError } from '../object/store-errors.js'
import type { ReadOptions } from './reader.js'

/**
 * The revision that a read asks for; the newest by default.
 *
 * @throws BadRequestError, InvalidError, ExpiredError, FutureRevisionError
 */
export function readRevision(log: RevisionLog, options: ReadOptions): number {
  const { resourceVersion, resourceVersionMatch: match } = options
  if (match !== undefined && match !== 'Exact' && match !== 'NotOlderThan')
    throw badMatch(match, 'must be Exact or NotOlderThan')
  if (resourceVersion === undefined) {
    if (match !== undefined) throw badMatch(match, 'needs a resourceVersion')
    return log.head
  }
  const revision = parseRevision('resourceVersion', resourceVersion)
  if (match === 'Exact') {
    // In the usual words a read at 0 is one at any revision.
    if (revision === 0) throw badMatch(match, 'needs a resourceVersion other than 0')
    return keptRevision(log, revision)
  }
  if (revision > log.head) throw new FutureRevisionError(revision, log.head)
  return log.head
}

/**
 * The revision, if it can be read; in a gap, the one before it, since nothing was changed in between.
 *
 * @throws ExpiredError, FutureRevisionError
 */
export function keptRevision(log: RevisionLog, revision: number): number {
  if (revision > log.head) throw new FutureRevisionError(revision, log.head)
  if (revision < log.oldestStart) throw new ExpiredError(revision, log.oldestStart)
  return log.atOrBefore(revision)
}

function badMatch(value: unknown, message: string): InvalidError {
  return new InvalidError('the read', [{ field: 'resourceVersionMatch', value, message }])
}

/** @throws BadRequestError unless `value` is a whole number ≥ 0, as a number or in decimal */
export function parseRevision(option: string, value: unknown): number {
  const revision = typeof value === 'string' && /^(0|[1-9]\d{0,15})$/.test(value) ? Number(value) : value
  if (typeof revision === 'number' && Number.isSafeInteger(revision) && revision >= 0) return revision
  throw new BadRequestError(
    `${option} is ${JSON.stringify(value)}; it must be the revision of a read, or the resourceVersion of an object`,
    { [option]: value },
  )
}
