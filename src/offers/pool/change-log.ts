/** Changes that are remembered. */
const ENTRIES_MAX = 65_536

/** Which agents changed, by a version that counts up: what a follower needs to look at. */
export class ChangeLog {
  readonly #entries: string[] = []
  /** Version of the first entry. */
  #first = 1

  get version(): number {
    return this.#first + this.#entries.length - 1
  }

  note(agent: string): void {
    this.#entries.push(agent)
    if (this.#entries.length < 2 * ENTRIES_MAX) return
    this.#entries.splice(0, ENTRIES_MAX)
    this.#first += ENTRIES_MAX
  }

  /** Agents that changed after a version, each once; `all` when that is too long ago. O(changes). */
  since(version: number): readonly string[] | 'all' {
    if (version + 1 < this.#first) return 'all'
    return [...new Set(this.#entries.slice(Math.max(0, version + 1 - this.#first)))]
  }
}
