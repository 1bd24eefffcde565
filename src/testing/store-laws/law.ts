import type { Store } from '../../store/index.js'
import type { LawStoreOptions } from '../make-store.js'

/** What a law has at hand. */
export interface LawWorld {
  /** A short time for a lifetime, which a law that moves time lets pass three times at most. */
  readonly lifeMs: number
  /** A fresh, empty store with the kinds of the suite; closed after the law. */
  open(options?: Omit<LawStoreOptions, 'kinds' | 'env'>): Promise<Store>
  /** What the promise gives, or an error naming `what` when it keeps the law waiting for too long. */
  soon<T>(what: string, promise: Promise<T>): Promise<T>
  /** Lets time pass for the stores of the law, which is one that moves time. */
  pass(ms: number): Promise<void>
}

/** Something that every store keeps. */
export interface StoreLaw {
  readonly name: string
  /** Whether it calls `pass`; the others take time as it comes. */
  readonly movesTime?: true
  check(world: LawWorld): Promise<void>
}
