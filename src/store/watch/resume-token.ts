import type { Engine } from '../engine/engine.js'
import { ExpiredError } from '../object/store-errors.js'
import { parseRevision } from '../read/read-revision.js'

const TOKEN = /^(\d{1,16})@(.+)$/

/** Names a revision of one history; that of a restored store is another one, although its revisions are counted on. */
export function resumeToken({ incarnation }: Pick<Engine, 'incarnation'>, revision: number): string {
  return `${revision}@${incarnation}`
}

/**
 * The revision that a watch is to begin after, as a number, in decimal or as a token.
 *
 * @throws ExpiredError for the token of another history, BadRequestError
 */
export function startRevision({ incarnation, log }: Engine, since: number | string): number {
  const [, revision, of] = (typeof since === 'string' ? TOKEN.exec(since) : undefined) ?? []
  if (revision === undefined) return parseRevision('since', since)
  if (of === incarnation) return Number(revision)
  throw new ExpiredError(Number(revision), log.oldestStart, {
    message:
      `revision ${revision} is of store ${of}, and this is ${incarnation}, where the same revisions say something else; ` +
      'list again and continue from the revision of that list',
  })
}
