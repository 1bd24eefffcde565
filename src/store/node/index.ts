// Start here.
export { openStore } from './open-store.js'

// To build with: a directory of a backup.
export { restoreStore } from './backup.js'

// Types you will meet.
export type { ConflictReport } from '../admin/explain-conflict.js'
export type { DeletionReport } from '../admin/explain-deletion.js'
export type { DumpOptions, ObjectDiff, StoreAdmin } from '../admin/store-admin.js'
export type { KindStats, StoreStats } from '../admin/store-stats.js'
export type { StoreProblem } from '../admin/verify-indexes.js'
export type { Restored, RestoreOptions } from './backup.js'
export type { DurableAdmin, DurableStore } from './durable-store.js'
export type { EncryptionKey } from './frame-cipher.js'
export type { FsyncPolicy } from './journal.js'
export type { OpenStoreOptions } from './open-store.js'
