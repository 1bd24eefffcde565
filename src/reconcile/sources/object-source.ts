import type { Client, Kind, StoredObject, WatchBatch } from '../../store/index.js'
import { listAndWatch } from '../../store/index.js'
import type { Stream } from './stream.js'

/** Tells objects of some kinds, as the watch of a store does. */
export interface ObjectSource {
  /**
   * Begins to tell: after revision `since` where that can be done, else with one batch of everything there is,
   * marked `initialEventsEnd`. A stream with a `revision` says up to where it has told everything.
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
    open: () => listAndWatch(client, kinds),
    list: () => ({ revision: client.revision, items: kinds.flatMap(kind => client.list(kind).items) }),
  }
}
