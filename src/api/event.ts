import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { eventSpecSchema, objectSchema } from './spec-schemas.js'

/** Something that happened to an object, for people. */
export interface EventSpec {
  readonly regarding: {
    readonly apiVersion: string
    readonly kind: string
    readonly namespace?: string
    readonly name: string
    readonly uid?: string
  }
  readonly type: 'Normal' | 'Warning'
  /** Upper camel case. */
  readonly reason: string
  readonly note: string
  readonly reportingController: string
  /** Times seen. */
  readonly count: number
  /** RFC 3339. */
  readonly firstTime: string
  readonly lastTime: string
}

export type Event = StoredObject<EventSpec, never>

/** A record of what a controller did or could not do. */
export const Event: Kind<EventSpec, never> = /* @__PURE__ */ defineKind<EventSpec, never>({
  apiVersion: 'events/v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(eventSpecSchema),
})
