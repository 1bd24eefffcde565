import type { Store, StoreOptions } from '../store/index.js'

/**
 * What a store is asked to be made with; `createStore` takes it as it is. `env` logs nothing, because laws provoke what is
 * worth a warning; it is virtual when a law moves time, and absent when the store has a time of its own. In a simulation it is
 * always there.
 */
export type LawStoreOptions = Pick<StoreOptions, 'kinds' | 'logCapacity' | 'admission' | 'env'>

/** Makes a fresh, empty store; nothing that an earlier one held may be in it. */
export type MakeStore = (options: LawStoreOptions) => Store | Promise<Store>
