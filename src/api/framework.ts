import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { frameworkSpecSchema } from './offer-schemas.js'
import { objectSchema } from './spec-schemas.js'

/** A scheduler that a pool offers resources; the object's name is its id. */
export interface FrameworkSpec {
  /** For people. */
  readonly displayName?: string
  /** Roles for which it gets resources. At least one. */
  readonly roles: readonly string[]
  readonly capabilities?: readonly ('revocable' | 'remote')[]
  /** Scarce resources that it can use, such as `gpus`. */
  readonly uses?: readonly string[]
  /** In whose name it reserves. */
  readonly principal?: string
  /** How long its tasks go on without it, in ms. */
  readonly failoverMs: number
}

/** How a pool stands with the framework. */
export interface FrameworkStatus {
  readonly connected: boolean
  /** RFC 3339; since then it is away. */
  readonly disconnectTime?: string
  /** Grants that it got so far, by role: they break ties. */
  readonly grants?: Readonly<Record<string, number>>
}

export type Framework = StoredObject<FrameworkSpec, FrameworkStatus>

/** A framework as its pool keeps it, so that a pool that takes over knows whose tasks are whose. */
export const Framework: Kind<FrameworkSpec, FrameworkStatus, 'Framework'> = /* @__PURE__ */ defineKind<
  FrameworkSpec,
  FrameworkStatus,
  'Framework'
>({
  apiVersion: 'offers/v1',
  kind: 'Framework',
  plural: 'frameworks',
  namespaced: false,
  schema: /* @__PURE__ */ objectSchema(frameworkSpecSchema),
})
