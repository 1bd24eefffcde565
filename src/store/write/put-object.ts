import type { KindTable } from '../engine/kind-table.js'
import type { StoredObject } from '../object/object.js'
import { removedObject } from '../object/object.js'
import type { ObjectParts } from '../object/object-parts.js'
import { hasParts, metadataOf, nextGeneration, sealObject, shareParts } from '../object/object-parts.js'
import { assertSize } from '../object/object-size.js'
import type { WriteSite } from './write-site.js'

/** Stores the parts, unless they are what is there. */
export function putObject(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  parts: ObjectParts,
): StoredObject {
  const next = nextVersion(site, table, current, parts)
  if (next === current) return current
  assertSize(next, site.engine.objectBytesMax)
  site.stage(table, current.metadata, next)
  return next
}

/** Stores marks of the store's own, which have no limit of size: what is as large as can be must go too. */
export function markObject(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  parts: ObjectParts,
): StoredObject {
  const next = nextVersion(site, table, current, parts)
  if (next !== current) site.stage(table, current.metadata, next)
  return next
}

/** The object with these parts; `current` itself if it has them. Inside a transaction the net effect counts. */
function nextVersion(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  parts: ObjectParts,
): StoredObject {
  if (hasParts(current, parts)) return current
  const committed = site.committed(table, current.metadata)?.object
  const base = committed?.metadata.uid === current.metadata.uid ? committed : undefined
  const shared = base === undefined || base === current ? parts : shareParts(parts, base)
  const back = base !== undefined && hasParts(base, shared)
  return back ? base : sealParts(table, current, { parts: shared, base, revision: site.revision })
}

/** Removes the object; returns `last`, its last state, under the revision of the removal. */
export function removeObject(
  site: WriteSite,
  table: KindTable,
  current: StoredObject,
  last: StoredObject,
): StoredObject {
  const removed = removedObject(last, site.revision)
  site.stage(table, current.metadata, undefined)
  return removed
}

interface Next {
  readonly parts: ObjectParts
  /** The object before this revision; undefined when it was created in it. */
  readonly base: StoredObject | undefined
  readonly revision: number
}

/** The next version of the object, under the revision of this write. */
export function sealParts(
  { kind }: KindTable,
  current: StoredObject,
  { parts, base, revision }: Next,
): StoredObject {
  const { name, namespace, uid, creationTimestamp } = current.metadata
  const generation = nextGeneration(base, parts, kind.statusSubresource)
  const metadata = metadataOf({ name, namespace, uid, creationTimestamp, generation }, parts, revision)
  return sealObject(kind, metadata, parts)
}
