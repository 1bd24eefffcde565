import type { EventRecord } from '../../core/index.js'
import type { Client, Kind } from '../../store/index.js'
import { knowsKind } from '../../store/internal.js'
import type { EventRecorder } from './event-recorder.js'
import { createEventRecorder } from './event-recorder.js'

/**
 * Where a controller's events go: to objects of a kind, for example `Event` of `keelson/api`; with `whenKnown` only if the
 * store was made with that kind; nowhere with false.
 */
export type EventDestination = Kind<EventRecord> | { readonly whenKnown: Kind<EventRecord> } | false

/** The recorder for a destination; undefined when events go nowhere. */
export function openEventRecorder(
  client: Client,
  destination: EventDestination,
  reportingController: string,
): EventRecorder | undefined {
  if (destination === false) return undefined
  if (!('whenKnown' in destination))
    return createEventRecorder({ client, kind: destination, reportingController })
  const kind = destination.whenKnown
  return knowsKind(client, kind) ? createEventRecorder({ client, kind, reportingController }) : undefined
}
