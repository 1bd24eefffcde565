import type { Endpoint } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { endpointSliceSpecSchema, objectSchema } from './spec-schemas.js'

/** Up to 100 endpoints of one service. */
export interface EndpointSliceSpec {
  readonly serviceName: string
  readonly addressType: 'IPv4' | 'IPv6'
  readonly endpoints: readonly Endpoint[]
}

export type EndpointSlice = StoredObject<EndpointSliceSpec, never>

/** The endpoints of a service; derived from its tasks. */
export const EndpointSlice: Kind<EndpointSliceSpec, never, 'EndpointSlice'> = /* @__PURE__ */ defineKind<
  EndpointSliceSpec,
  never,
  'EndpointSlice'
>({
  apiVersion: 'discovery/v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(endpointSliceSpecSchema),
  indexes: { service: slice => `${slice.metadata.namespace}/${slice.spec.serviceName}` },
})
