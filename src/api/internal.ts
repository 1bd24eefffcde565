// What other modules of this package take from the shared kinds, and users do without.

export { isHealthyTask } from './take-disruption.js'
