import { InvalidError } from '../../core/index.js'
import type { KindTable } from '../engine/kind-table.js'
import type { StoredObject } from '../object/object.js'
import { describeObject, idOf } from '../object/object.js'
import { sameSpecPart } from '../object/object-parts.js'
import { ConflictError } from '../object/store-errors.js'
import { staleWrite } from './stale-write.js'
import type { WriteSite } from './write-site.js'

/** What a write replaces: metadata and spec, the status, or the object as a whole. */
export type Guarded = 'main' | 'status' | 'whole'

/**
 * Checks that what the write is going to replace is as it was at `expected`, the resourceVersion that the writer
 * has read. The two halves of an object count apart, so a status writer and a spec editor never conflict.
 *
 * The rule: every version knows when its spec half and its status half last changed. A write is fresh when
 * `expected` is the object's own resourceVersion, or an older one of the same life and not older than the last
 * change of the guarded half. Without a status subresource there are no halves.
 *
 * @throws ConflictError, InvalidError for what is no text
 */
export function assertFresh(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  { expected, guarded }: { readonly expected: unknown; readonly guarded: Guarded },
): void {
  const { resourceVersion } = current.metadata
  if (resourceVersion === expected) return
  assertText('resourceVersion', expected, current)
  if (guarded !== 'whole' && table.kind.statusSubresource) {
    const since = /^[1-9]\d{0,15}$/.test(expected) ? Number(expected) : Number.NaN
    const changed = lastChange(site, table, current, guarded)
    if (since >= changed && since <= Number(resourceVersion)) return
  }
  throw staleWrite(site.committed(table, current.metadata), current, expected)
}

/** @throws ConflictError, InvalidError for what is no text */
export function assertUid(current: StoredObject, expected: unknown): void {
  const actual = current.metadata.uid
  if (expected === undefined || expected === actual) return
  assertText('uid', expected, current)
  throw new ConflictError(idOf(current), { field: 'uid', expected, actual })
}

/** A number that means the same would never be equal, and must not be ignored. */
function assertText(
  field: 'resourceVersion' | 'uid',
  value: unknown,
  current: StoredObject,
): asserts value is string {
  if (typeof value === 'string') return
  const message = 'must be a text, as the store gives it'
  throw new InvalidError(describeObject(idOf(current)), [{ field, value, message }])
}

/** The revision of the last change of one half; of a half that this writer itself has changed, its own revision. */
function lastChange(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  half: 'main' | 'status',
): number {
  const head = site.committed(table, current.metadata)
  const stored = head?.object
  const own = Number(current.metadata.resourceVersion)
  if (head === undefined || stored === undefined || stored.metadata.uid !== current.metadata.uid) return own
  if (half === 'status') return stored.status === current.status ? head.statusRevision : own
  return sameSpecPart(stored, current) ? head.specRevision : own
}
