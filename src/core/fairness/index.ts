// Start here.
export { createBorrowingQuota } from './borrowing-quota.js'
export { createFairSorter } from './fair-sorter.js'
export { progressiveFill } from './progressive-fill.js'
export { rescaledShares } from './rescaled-share.js'
export { waterFill } from './water-fill.js'
export { borrowingShare } from './borrowing-share.js'

// To build with.
export { formatFraction } from './fraction.js'

// Types you will meet.
export type { BorrowingQuota, QuotaDefinition } from './borrowing-quota.js'
export type { BorrowingShare } from './borrowing-share.js'
export type { FairShare, FairSorter, FairSorterOptions } from './fair-sorter.js'
export type { Fraction } from './fraction.js'
export type { FillResult, FillUser } from './progressive-fill.js'
export type { RescaledMember } from './rescaled-share.js'
export type { WaterQueue } from './water-fill.js'
