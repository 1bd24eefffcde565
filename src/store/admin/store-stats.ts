import type { StoreParts } from '../client/store-parts.js'

/** How much there is of what. */
export interface StoreStats {
  readonly revision: number
  /** The oldest revision that a watch may begin after. */
  readonly oldestRevision: number
  /** Names this history; that of a restored store is another one. */
  readonly incarnation: string
  readonly kinds: readonly KindStats[]
  readonly lifetimes: number
  /** Revisions that left the log and wait, because something older is still read. */
  readonly heldBackRevisions: number
}

/** How much there is of a kind. */
export interface KindStats {
  readonly apiVersion: string
  readonly kind: string
  readonly objects: number
  readonly namespaces: number
  /** Scopes that are watched: a kind, a name, a label, a value of an index; each in a namespace or in all. */
  readonly watchedScopes: number
}

/** Counts, without looking at objects. */
export function storeStats({ engine, lifetimes }: StoreParts): StoreStats {
  const { log, history, tables, incarnation, revision } = engine
  return {
    revision,
    oldestRevision: log.oldestStart,
    incarnation,
    kinds: tables.all.map(table => ({
      apiVersion: table.kind.apiVersion,
      kind: table.kind.kind,
      objects: table.countObjects(),
      namespaces: table.order.size,
      watchedScopes: table.watchers.size + table.durableWatchers.size,
    })),
    lifetimes: lifetimes.list().length,
    heldBackRevisions: history.waitingCount,
  }
}
