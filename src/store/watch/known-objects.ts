import type { WatchBatch, WatchEvent } from '../engine/watch-batch.js'
import type { StoredObject } from '../object/object.js'
import { refText } from '../object/object.js'
import { appendEvents } from './watch-event.js'

type Batch = WatchBatch<StoredObject>

/**
 * What the reader of a watch knows: the objects as they were last told. It holds references only, the store holds
 * the objects.
 */
export class KnownObjects {
  #objects: Map<string, StoredObject> | undefined

  /**
   * Learns from the next batch of a watch with initial events. A second list, after a gap, is told as what differs
   * from what was known, even if that is nothing; undefined when there was no gap.
   *
   * @param since the revision up to which everything is known
   */
  learn(batch: Batch, since: number): Batch | undefined {
    const objects = this.#objects
    if (batch.initialEventsEnd === true) {
      this.#objects = new Map(batch.events.map(({ object }) => [keyOf(object), object]))
      return objects === undefined ? batch : differenceOf(objects, this.#objects, batch.revision, since)
    }
    for (const { type, object } of batch.events) {
      if (type === 'DELETED') objects?.delete(keyOf(object))
      else objects?.set(keyOf(object), object)
    }
    return batch
  }
}

/** Two kinds may have one name in two groups. */
function keyOf({ apiVersion, kind, metadata }: StoredObject): string {
  return `${apiVersion}/${kind}/${refText(metadata)}`
}

type Objects = ReadonlyMap<string, StoredObject>

/** Deletions first, since they may free what a new object takes; then in the order of the list. */
function differenceOf(known: Objects, listed: Objects, revision: number, since: number): Batch | undefined {
  const events: WatchEvent<StoredObject>[] = []
  for (const [key, before] of known)
    if (!listed.has(key)) appendEvents(events, { before, stored: before, revision })
  for (const [key, after] of listed) {
    const before = known.get(key)
    if (before?.metadata.resourceVersion === after.metadata.resourceVersion) continue
    appendEvents(events, { before, after, stored: before, revision })
  }
  if (events.length > 0) return Object.freeze({ revision, events: Object.freeze(events), since })
  // What has come and gone meanwhile may have been seen by other reads.
  return revision > since ? Object.freeze({ revision, events: [], since, bookmark: true }) : undefined
}
