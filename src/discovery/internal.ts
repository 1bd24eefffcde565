// For other modules of the package; not part of its interface.
export { eligibleEndpoints } from './services/endpoint-conditions.js'
