// What other modules of this package take from the shared kinds, and users do without.

export { reservedUse, TAKE_ANNOTATION } from './reserved-use.js'
export { isSlotJob } from './slot-mode.js'
export { isHealthyTask } from './take-disruption.js'
