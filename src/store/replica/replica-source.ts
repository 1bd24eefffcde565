import type { Cancel } from '../../core/index.js'
import type { StoredObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'

/** Which object is gone. */
export interface RemoteKey {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

/**
 * An object as it is from a revision on, parsed JSON of nobody else's, or deeply frozen already; or that it is gone.
 */
export type RemoteChange =
  | { readonly object: StoredObject; readonly isFrozen?: boolean }
  | { readonly removed: RemoteKey }

/** All that one revision has changed. */
export interface RemoteRevision {
  readonly revision: number
  /** At most one per object. */
  readonly changes: readonly RemoteChange[]
  readonly cause?: WriteCause
}

/** All objects as of one revision. */
export interface RemoteList {
  readonly revision: number
  readonly objects: readonly StoredObject[]
}

/** Who is told. After `ended` nothing more is. */
export interface ReplicaSink {
  /** The next revision that has changed something. One that was told before may be told again. */
  told(revision: RemoteRevision): void
  /** The source has answered. */
  alive(): void
  /** Everything up to this revision was told. */
  progress(revision: number): void
  /** The watch is over: `Expired` when what was missed can only be listed, else for any reason. */
  ended(error: unknown): void
}

/** A list and a watch, of objects that are kept elsewhere. */
export interface ReplicaSource {
  /** @throws anything; what cannot heal has code `Corrupt`, `Unsupported` or `Usage` */
  list(): Promise<RemoteList>
  /** Tells everything after that revision, in order, until it is cancelled or ends. It calls nothing inside the call. */
  watch(since: number, sink: ReplicaSink): Cancel
}
