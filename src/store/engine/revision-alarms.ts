import type { Cancel } from '../../core/index.js'

/** Calls that wait for a revision to be committed. A commit without any pays one look at a size. */
export class RevisionAlarms {
  readonly #calls = new Map<number, Set<() => void>>()

  /** Calls `call` once, inside the commit of `revision`, unless it is taken back; it must not write and must not fail. */
  set(revision: number, call: () => void): Cancel {
    const calls = this.#calls.get(revision) ?? new Set()
    this.#calls.set(revision, calls.add(call))
    return () => {
      calls.delete(call)
      if (calls.size === 0 && this.#calls.get(revision) === calls) this.#calls.delete(revision)
    }
  }

  /** How many calls wait; for tests and statistics. */
  get size(): number {
    let size = 0
    for (const calls of this.#calls.values()) size += calls.size
    return size
  }

  /** @param before the revision before; what was set for one in between rings too */
  ring(revision: number, before: number): void {
    if (this.#calls.size === 0) return
    if (revision === before + 1) this.#ringAt(revision)
    else for (const at of [...this.#calls.keys()].sort((a, b) => a - b)) if (at <= revision) this.#ringAt(at)
  }

  #ringAt(revision: number): void {
    const calls = this.#calls.get(revision)
    if (calls === undefined) return
    this.#calls.delete(revision)
    for (const call of calls) call()
  }
}
