import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { endpointSliceSpecSchema, objectSchema } from './spec-schemas.js'

/** One place where a service answers. */
export interface SliceEndpoint {
  /** Unique within the service; the task's name. */
  readonly id: string
  readonly addresses: readonly string[]
  /** Port numbers by service port name (`''` for the unnamed one). */
  readonly ports: Readonly<Record<string, number>>
  readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean }
  readonly hostname?: string
  readonly nodeName?: string
  readonly zone?: string
  /** Template hash of the task, for traffic by revision. */
  readonly revision?: string
}

/** Up to 100 endpoints of one service. */
export interface EndpointSliceSpec {
  readonly serviceName: string
  readonly addressType: 'IPv4' | 'IPv6'
  readonly endpoints: readonly SliceEndpoint[]
}

export type EndpointSlice = StoredObject<EndpointSliceSpec, never>

/** The endpoints of a service; derived from its tasks. */
export const EndpointSlice: Kind<EndpointSliceSpec, never> = /* @__PURE__ */ defineKind<
  EndpointSliceSpec,
  never
>({
  apiVersion: 'discovery/v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(endpointSliceSpecSchema),
  indexes: { service: slice => `${slice.metadata.namespace}/${slice.spec.serviceName}` },
})
