import type { Env } from '../../core/index.js'
import { ExpiredError, FutureRevisionError } from '../object/store-errors.js'
import type { History } from './history.js'
import { CUT_PER_STEP } from './history.js'
import type { RevisionLog } from './revision-log.js'

/** What a compactor works on. */
export interface CompactorParts {
  readonly env: Env
  readonly log: RevisionLog
  readonly history: History
}

/**
 * Lets go of history in small steps, each a timer of the store's env. What is old is refused at once; when its memory is free
 * does not matter to anybody.
 */
export class Compactor {
  readonly #parts: CompactorParts
  #scheduled = false
  #waiters: (() => void)[] = []

  constructor(parts: CompactorParts) {
    this.#parts = parts
  }

  /**
   * Forgets every revision before `revision`; resolves when the log is that short.
   *
   * @throws ExpiredError when that was done before, FutureRevisionError when the revision has not happened
   */
  compact(revision: number): Promise<void> {
    const { log } = this.#parts
    if (revision > log.head) throw new FutureRevisionError(revision, log.head)
    if (revision <= log.floor || revision < log.oldestStart) {
      throw new ExpiredError(revision, log.oldestStart, {
        message: `revision ${revision} cannot be compacted, ${log.oldestStart} is the oldest kept already; choose a newer one`,
      })
    }
    log.compact(revision)
    return new Promise(resolve => {
      this.#waiters.push(resolve)
      this.#step()
    })
  }

  /** Cuts what is free; a lot of it in later steps. */
  cutFree(): void {
    if (this.#parts.history.cut(CUT_PER_STEP) >= CUT_PER_STEP) this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // A timer and not a deferred step: many of those share one turn of the event loop, these have one each.
    this.#parts.env.clock.after(0, () => {
      this.#scheduled = false
      this.#step()
    })
  }

  #step(): void {
    const { log, history } = this.#parts
    let count = 0
    while (count < CUT_PER_STEP) {
      const record = log.takeCompacted()
      if (record === undefined) break
      history.retire(record, log.size)
      count += Math.max(1, record.changes.length)
    }
    const more = history.cut(CUT_PER_STEP) >= CUT_PER_STEP || count >= CUT_PER_STEP
    if (more) {
      this.#schedule()
      return
    }
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }
}
