import type { EventRecord } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { eventSpecSchema, objectSchema } from './spec-schemas.js'

export type Event = StoredObject<EventRecord, never>

/** A record of what a controller did or could not do. */
export const Event: Kind<EventRecord, never, 'Event'> = /* @__PURE__ */ defineKind<
  EventRecord,
  never,
  'Event'
>({
  apiVersion: 'events/v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(eventSpecSchema),
})
