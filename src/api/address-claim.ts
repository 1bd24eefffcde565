import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { addressClaimSpecSchema, objectSchema } from './spec-schemas.js'

/** Who holds an address. */
export interface AddressClaimSpec {
  readonly pool: string
  readonly owner: {
    readonly kind: string
    readonly namespace?: string
    readonly name: string
    readonly uid: string
  }
  /** With a port of all nodes in place of an address: its number, and which port of the owner leads there. */
  readonly port?: { readonly name: string; readonly protocol: 'TCP' | 'UDP'; readonly number: number }
  /** RFC 3339; when the owner let it go. It is nobody's, and kept from others until its quarantine is over. */
  readonly releasedTime?: string
}

export type AddressClaim = StoredObject<AddressClaimSpec, never>

/** One held address, or port of all nodes; its name is the address or port, so that two holders cannot exist. */
export const AddressClaim: Kind<AddressClaimSpec, never, 'AddressClaim'> = /* @__PURE__ */ defineKind<
  AddressClaimSpec,
  never,
  'AddressClaim'
>({
  apiVersion: 'discovery/v1',
  kind: 'AddressClaim',
  plural: 'addressclaims',
  namespaced: false,
  // IPv6 addresses have colons.
  nameFormat: 'path-segment',
  schema: /* @__PURE__ */ objectSchema(addressClaimSpecSchema),
  indexes: { owner: ({ spec: { owner } }) => `${owner.kind}/${owner.namespace}/${owner.name}` },
})
