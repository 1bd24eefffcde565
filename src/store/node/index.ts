// Start here.
export { openStore } from './open-store.js'

// Types you will meet.
export type { DurableStore } from './durable-store.js'
export type { FsyncPolicy } from './journal.js'
export type { OpenStoreOptions } from './open-store.js'
