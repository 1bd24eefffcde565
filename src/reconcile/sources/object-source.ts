import type { Client, Kind, StoredObject, Watch, WatchBatch } from '../../store/index.js'
import type { Stream } from './stream.js'

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
      streamOf(client.watch(kinds, since === undefined ? { sendInitialEvents: true } : { since })),
    list: () => ({ revision: client.revision, items: kinds.flatMap(kind => client.list(kind).items) }),
  }
}

/** A watch as it is read with `on`: a client may have any sort of watch, and that is what each has. */
function streamOf(watch: Watch<StoredObject>): ReturnType<ObjectSource['open']> {
  return {
    get revision() {
      return watch.revision
    },
    subscribe: observer => {
      const unsubscribe = watch.on(
        batch => observer.next(batch),
        error => (error === undefined ? observer.complete() : observer.error(error)),
      )
      return { unsubscribe }
    },
  }
}
