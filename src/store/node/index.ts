// Start here.
export { openStore } from './open-store.js'

// To build with: a directory of a backup, a copy that follows.
export { restoreStore } from './backup.js'
export { startWitness } from './witness.js'

// Types you will meet; those of `admin` are in keelson/store/admin.
export type { Restored, RestoreOptions } from './backup.js'
export type { DurableAdmin, DurableStore } from './durable-store.js'
export type { EncryptionKey } from './frame-cipher.js'
export type { FsyncPolicy } from './journal.js'
export type { OpenStoreOptions } from './open-store.js'
export type { Witness, WitnessLag, WitnessOptions } from './witness.js'
