import type { Endpoint, FieldProblem } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { addressProblems } from './service-admission.js'
import { specAdmission } from './spec-admission.js'
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
  admission: [/* @__PURE__ */ specAdmission<EndpointSliceSpec, never>(sliceProblems)],
  indexes: { service: slice => `${slice.metadata.namespace}/${slice.spec.serviceName}` },
})

function sliceProblems(
  { endpoints }: EndpointSliceSpec,
  previous?: EndpointSliceSpec,
): readonly FieldProblem[] {
  const known = new Set(previous?.endpoints)
  return endpoints.flatMap((endpoint, index) =>
    known.has(endpoint) ? [] : addressProblems(endpoint.addresses, `spec.endpoints[${index}].addresses`),
  )
}
