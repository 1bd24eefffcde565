import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { leaseSpecSchema, objectSchema } from './spec-schemas.js'

/** Who holds what, and until when. */
export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  /** RFC 3339. */
  readonly acquireTime?: string
  /** RFC 3339. */
  readonly renewTime?: string
  readonly leaseTransitions?: number
  /** Who should take over; the holder resigns for it. */
  readonly preferredHolder?: string
}

export type Lease = StoredObject<LeaseSpec, never>

/** A claim that lapses unless it is renewed: a node's heartbeat, a leader's term. */
export const Lease: Kind<LeaseSpec, never> = /* @__PURE__ */ defineKind<LeaseSpec, never>({
  apiVersion: 'coordination/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(leaseSpecSchema),
})
