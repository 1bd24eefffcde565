// What other modules of this package take from the shared kinds, and users do without.

export { deviceAmounts } from './device-amounts.js'
export { reservedAmounts } from './reservation.js'
export { reservedUse, TAKE_ANNOTATION } from './reserved-use.js'
export { isSlotJob } from './slot-mode.js'
export { isHealthyTask } from './take-disruption.js'
export { CELL_NAME_ANNOTATION } from './task.js'
