import type { Condition } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { roleSpecSchema } from './offer-schemas.js'
import { objectSchema } from './spec-schemas.js'

/** Amounts by resource name, in Mesos' units: `mem` and `disk` in MB, at most three decimals. */
export type RoleAmounts = Readonly<Record<string, number>>

/** What frameworks of a role, and of the roles below it, are entitled to. */
export interface RoleSpec {
  /** The role: components joined by `/`, such as `eng/web`. Default: the object's name. */
  readonly role?: string
  /** Weight among its siblings, from 0.001 to 1,000,000. Default 1. */
  readonly weight?: number
  /** What it gets before others share. Default nothing. */
  readonly guarantees?: RoleAmounts
  /** What it never exceeds. A name that is absent has no limit. */
  readonly limits?: RoleAmounts
  /** How much of its unmet guarantees others may use meanwhile. Default nothing. */
  readonly lendingLimits?: RoleAmounts
}

/** Whether a pool has taken the role as it is. Condition: `Accepted`. */
export interface RoleStatus {
  readonly conditions?: readonly Condition[]
}

export type Role = StoredObject<RoleSpec, RoleStatus>

/** A share of the cluster: who shares it are the frameworks of the role and of the roles below. */
export const Role: Kind<RoleSpec, RoleStatus, 'Role'> = /* @__PURE__ */ defineKind<
  RoleSpec,
  RoleStatus,
  'Role'
>({
  apiVersion: 'offers/v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: false,
  schema: /* @__PURE__ */ objectSchema(roleSpecSchema),
})
