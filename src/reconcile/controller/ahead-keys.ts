import type { ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'

interface Entry {
  readonly key: ObjectRef
  readonly revision: number
}

/**
 * Keys that have read or written states which their controller had not been told of. Where such states come and go
 * in a gap of the watch, no difference shows it, and the key must look again. A key goes as soon as its revision was
 * told, so that few are kept.
 */
export class AheadKeys {
  /** In the order of their revisions. */
  readonly #entries = new Map<string, Entry>()

  /** @param revision the newest state that an attempt of the key may have seen; never less than the time before */
  ran(key: ObjectRef, revision: number): void {
    const id = refText(key)
    this.#entries.delete(id)
    this.#entries.set(id, { key, revision })
  }

  /** Everything up to `revision` was told. */
  told(revision: number): void {
    for (const [id, entry] of this.#entries) {
      if (entry.revision > revision) return
      this.#entries.delete(id)
    }
  }

  /** Takes out all, for what happened after `since` was told as a difference only. Returns those that it concerns. */
  take(since: number): readonly ObjectRef[] {
    const concerned = [...this.#entries.values()].filter(({ revision }) => revision > since)
    this.#entries.clear()
    return concerned.map(({ key }) => key)
  }
}
