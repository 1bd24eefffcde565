/** Calls that wait for a revision to be committed. A commit without any pays one look at a size. */
export class RevisionAlarms {
  readonly #calls = new Map<number, (() => void)[]>()

  /** Calls `call` once, inside the commit of `revision`; it must not write and must not fail. */
  set(revision: number, call: () => void): void {
    const calls = this.#calls.get(revision)
    if (calls === undefined) this.#calls.set(revision, [call])
    else calls.push(call)
  }

  ring(revision: number): void {
    if (this.#calls.size === 0) return
    const calls = this.#calls.get(revision)
    if (calls === undefined) return
    this.#calls.delete(revision)
    for (const call of calls) call()
  }
}
