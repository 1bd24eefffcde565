import type { LeaseRecord } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { leaseSpecSchema, objectSchema } from './spec-schemas.js'

export type Lease = StoredObject<LeaseRecord, never>

/** A claim that lapses unless it is renewed: a node's heartbeat, a leader's term. */
export const Lease: Kind<LeaseRecord, never, 'Lease'> = /* @__PURE__ */ defineKind<
  LeaseRecord,
  never,
  'Lease'
>({
  apiVersion: 'coordination/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(leaseSpecSchema),
})
