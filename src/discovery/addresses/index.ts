// Start here.
export { createAddressPool } from './address-pool.js'
export { kubernetesStaticBand } from './kubernetes-addresses.js'

// Types you will meet.
export type { Cidr } from '../../core/internal.js'
export type { AddressPoolStats } from './address-errors.js'
export type { AddressPool, AddressPoolOptions, HeldAddress } from './address-pool.js'
export type { AddressStrategy } from './address-search.js'
