import type { WatchBatch } from '../engine/watch-batch.js'
import type { StoredObject } from '../object/object.js'

/** What a watch hands out. */
export type Batch = WatchBatch<StoredObject>

/** Who reads a watch by `for await`, and waits for the next batch. */
export interface Waiter {
  readonly resolve: (result: IteratorResult<Batch>) => void
  readonly reject: (error: unknown) => void
}

/** Who is called with each batch. */
export interface Consumer {
  readonly listener: (batch: Batch) => void
  readonly ended: ((error?: unknown) => void) | undefined
}

/** Whether a watch goes on. */
export type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown }
