import type { Store, StoreOptions } from '../../store/index.js'

/** What a store is asked to be made with; `createStore` takes it as it is. */
export type LawStoreOptions = Pick<StoreOptions, 'kinds' | 'logCapacity' | 'admission'>

/** What a law has at hand. */
export interface LawWorld {
  /** A fresh, empty store with the kinds of the suite; closed after the law. */
  open(options?: Omit<LawStoreOptions, 'kinds'>): Promise<Store>
  /** What the promise gives, or an error naming `what` when it keeps the law waiting for too long. */
  soon<T>(what: string, promise: Promise<T>): Promise<T>
}

/** Something that every store keeps. */
export interface StoreLaw {
  readonly name: string
  check(world: LawWorld): Promise<void>
}
