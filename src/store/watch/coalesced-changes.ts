import type { LogRecord } from '../engine/revision-log.js'
import type { Entry } from '../engine/version.js'
import type { WatchBatch, WatchEvent } from '../engine/watch-batch.js'
import type { StoredObject } from '../object/object.js'
import type { SeenChange } from './watch-event.js'
import { appendEvents } from './watch-event.js'
import { seenStates } from './watch-events.js'
import type { WatchFilter } from './watch-filter.js'

interface NetChange extends SeenChange {
  after: StoredObject | undefined
  /** The last revision that the watcher would have been told of. */
  revision: number
}

/** Several revisions as one: the net effect for each object, as a watcher sees it. Bounded by the objects touched. */
export class CoalescedChanges {
  readonly #filter: WatchFilter
  readonly #since: number
  readonly #changes = new Map<Entry, NetChange>()
  #last: number
  /** Whether it holds anything that the watcher would have been told. */
  #isGap = false

  /** @param since the revision up to which the watcher has been told everything */
  constructor(filter: WatchFilter, since: number) {
    this.#filter = filter
    this.#since = since
    this.#last = since
  }

  /** The newest revision in it. */
  get revision(): number {
    return this.#last
  }

  /**
   * Adds the next revision.
   *
   * @throws what a selector throws; then nothing was added
   */
  add({ revision, changes }: LogRecord): void {
    const states = changes.map(change => seenStates(this.#filter, change))
    this.#last = revision
    for (const [index, change] of changes.entries()) {
      const seen = states[index]
      if (seen === undefined) continue
      this.#isGap = true
      const known = this.#changes.get(change.entry)
      if (known === undefined) {
        this.#changes.set(change.entry, {
          before: seen.before,
          after: seen.after,
          stored: change.before,
          revision,
        })
      } else if (known.before === undefined && seen.after === undefined) {
        this.#changes.delete(change.entry)
      } else {
        known.after = seen.after
        known.revision = revision
      }
    }
  }

  /** Where changes have cancelled each other, a bookmark; undefined when there was nothing to tell. */
  batch(): WatchBatch<StoredObject> | undefined {
    if (!this.#isGap) return undefined
    const events: WatchEvent<StoredObject>[] = []
    for (const change of this.#changes.values()) appendEvents(events, change)
    const batch = { revision: this.#last, events: Object.freeze(events), since: this.#since }
    return Object.freeze(events.length === 0 ? { ...batch, bookmark: true } : batch)
  }
}
