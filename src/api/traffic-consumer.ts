import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { objectSchema, trafficConsumerSpecSchema } from './spec-schemas.js'

/** How far a process is that sends traffic to endpoints: a proxy on a node, a DNS server elsewhere. */
export interface TrafficConsumerSpec {
  /** The process that writes it; another one of the same name takes it over. */
  readonly holderIdentity: string
  /** Nothing from before this revision of the store is in use any more for new work. */
  readonly acknowledgedRevision: number
  /** RFC 3339; the last sign of life. Others go by when they saw it change, so clocks need not agree. */
  readonly renewTime: string
}

export type TrafficConsumer = StoredObject<TrafficConsumerSpec, never>

/** A process that has to stop using an endpoint before that endpoint may go. */
export const TrafficConsumer: Kind<TrafficConsumerSpec, never, 'TrafficConsumer'> =
  /* @__PURE__ */ defineKind<TrafficConsumerSpec, never, 'TrafficConsumer'>({
    apiVersion: 'discovery/v1',
    kind: 'TrafficConsumer',
    plural: 'trafficconsumers',
    namespaced: false,
    schema: /* @__PURE__ */ objectSchema(trafficConsumerSpecSchema),
  })
