import type { Client, Kind, StoredObject, Watch, WatchBatch } from '../../store/index.js'
import type { ObservableLike, Stream } from './stream.js'

/** Tells objects of some kinds, as the watch of a store does. */
export interface ObjectSource {
  /**
   * Begins to tell: after revision `since`, or, without it, with one batch of everything there is, marked
   * `initialEventsEnd`. A source that can no longer tell what came after `since` throws or ends with an error of code
   * `Expired`, or begins with the batch of everything. A stream with a `revision` says up to where it has told
   * everything.
   */
  open(since: number | undefined): Stream<WatchBatch<StoredObject>> & { readonly revision?: number }
  /** Everything there is, from the source itself; what `verify` compares with. */
  list(): Listed | Promise<Listed>
}

/** Objects as of one revision. */
export interface Listed {
  readonly revision: number
  readonly items: readonly StoredObject[]
}

/** The source that a store is. */
export function storeSource(client: Client, kinds: readonly Kind[]): ObjectSource {
  return {
    open: since =>
      new WatchStream(client.watch(kinds, since === undefined ? { sendInitialEvents: true } : { since })),
    list: () => ({ revision: client.revision, items: kinds.flatMap(kind => client.list(kind).items) }),
  }
}

/**
 * A watch as it is read with `on`: a client may have any sort of watch, and that is what each has. A class, since each
 * object literal with a getter has a shape of its own, which keeps what the getter sees until all garbage is collected.
 */
class WatchStream implements ObservableLike<WatchBatch<StoredObject>> {
  readonly #watch: Watch<StoredObject>

  constructor(watch: Watch<StoredObject>) {
    this.#watch = watch
  }

  get revision(): number {
    return this.#watch.revision
  }

  subscribe(observer: Observer): { unsubscribe(): void } {
    const unsubscribe = this.#watch.on(
      batch => observer.next(batch),
      error => (error === undefined ? observer.complete() : observer.error(error)),
    )
    return { unsubscribe }
  }
}

type Observer = Parameters<ObservableLike<WatchBatch<StoredObject>>['subscribe']>[0]
