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
  /** RFC 3339; when the owner let it go. It is nobody's, and kept from others until its quarantine is over. */
  readonly releasedTime?: string
}

export type AddressClaim = StoredObject<AddressClaimSpec, never>

/** One held address; its name is the address, so that two holders cannot exist. */
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
