// Start here.
export { storeAdmin } from './store-admin.js'

// Types you will meet.
export type { ConflictReport } from './explain-conflict.js'
export type { DeletionReport } from './explain-deletion.js'
export type { QueryAccess, QueryAdvice, QueryReport } from './explain-query.js'
export type { MigrateFunction, MigrateOptions, MigrationReport } from './migrate-kind.js'
export type { DumpOptions, ObjectDiff, StoreAdmin } from './store-admin.js'
export type { RevisionPin, StorePins, WatchLag } from './store-pins.js'
export type { KindStats, StoreStats } from './store-stats.js'
export type { RevisionChange, StoreRevision, TailOptions } from './tail-log.js'
export type { StoreProblem } from './verify-indexes.js'
