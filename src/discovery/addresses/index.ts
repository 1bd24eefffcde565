// Start here.
export { allocateFamilies } from './allocate-families.js'
export { createAddressPool } from './address-pool.js'
export { createPortPool } from './port-pool.js'
export { kubernetesStaticBand } from './kubernetes-addresses.js'
export { kubernetesPortBand } from './port-pool.js'
export { namedAddress } from './named-address.js'

// Types you will meet.
export type { Cidr } from '../../core/internal.js'
export type { AddressPoolStats } from './address-errors.js'
export type { AddressPool, AddressPoolOptions, HeldAddress } from './address-pool.js'
export type { AddressStrategy } from './address-search.js'
export type { FamilyRequest } from './allocate-families.js'
export type { NamedAddressRange } from './named-address.js'
export type { PortPlace, PortPool, PortPoolOptions } from './port-pool.js'
