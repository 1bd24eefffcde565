// For other modules of the package; not part of its interface.
export { servicesAt } from './registry/registry-snapshot.js'
export { eligibleEndpoints } from './services/endpoint-conditions.js'
