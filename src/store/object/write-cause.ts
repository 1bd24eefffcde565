import { UsageError } from '../../core/index.js'

/** Who writes and why; kept in the log beside the revision, never in the objects; `history` tells it. */
export interface WriteCause {
  /** For example the name of a controller or of a user. */
  readonly actor?: string
  readonly reason?: string
  readonly traceId?: string
}

const FIELDS = ['actor', 'reason', 'traceId'] as const

/**
 * The part of `options` that the log keeps, frozen; undefined when nothing is given.
 *
 * @throws UsageError when a field is no text
 */
export function causeOf(options: WriteCause): WriteCause | undefined {
  const { actor, reason, traceId } = options
  if (actor === undefined && reason === undefined && traceId === undefined) return undefined
  const cause: { -readonly [Field in keyof WriteCause]: WriteCause[Field] } = {}
  for (const field of FIELDS) {
    const value: unknown = options[field]
    if (value === undefined) continue
    if (typeof value !== 'string') {
      throw new UsageError(`${field} of a write must be a text, not ${typeof value}`, { field, value })
    }
    cause[field] = value
  }
  return Object.freeze(cause)
}
