/** What happened to a node. */
export const CHANGE_TASKS = 0
/** The node came, went or was described otherwise. */
export const CHANGE_NODE = 1

const CAPACITY = 1 << 16

/**
 * The slots that changed, in order, the last 65,536 of them: whoever keeps something per slot reads on from where it
 * was. Writing costs the same however many readers there are.
 */
export class ChangeLog {
  readonly #entries = new Uint32Array(CAPACITY)
  /** How many runs of one slot began before the entry, itself counted in. */
  readonly #runs = new Uint32Array(CAPACITY)
  #runCount = 0
  #lastSlot = -1
  #head = 0
  /** Entries before are of no use any more. */
  #oldest = 0
  /** Moves when a node came, went or was described otherwise. */
  nodeEpoch = 0

  /** How many entries were ever written. */
  get head(): number {
    return this.#head
  }

  /** Notes a change. */
  note(slot: number, change: typeof CHANGE_TASKS | typeof CHANGE_NODE): void {
    const entry = slot * 2 + change
    if (change === CHANGE_NODE) this.nodeEpoch++
    if (slot !== this.#lastSlot) this.#runCount++
    this.#lastSlot = slot
    const at = this.#head++ & (CAPACITY - 1)
    this.#entries[at] = entry
    this.#runs[at] = this.#runCount
  }

  /** Whoever has not read all of it has to look at every node. */
  forget(): void {
    this.#oldest = this.#head
  }

  /** Whether the entries from `cursor` on are still there. */
  reaches(cursor: number): boolean {
    return cursor >= this.#oldest && this.#head - cursor <= CAPACITY
  }

  /** How many slots changed from `cursor` on, the same in a row once; more when that is no longer known. */
  runsSince(cursor: number): number {
    if (cursor === 0) return this.#runCount
    if (!this.reaches(cursor - 1)) return this.#head - cursor
    return (this.#runCount - (this.#runs[(cursor - 1) & (CAPACITY - 1)] as number)) >>> 0
  }

  slotAt(position: number): number {
    return (this.#entries[position & (CAPACITY - 1)] as number) >>> 1
  }

  isNodeChange(position: number): boolean {
    return ((this.#entries[position & (CAPACITY - 1)] as number) & 1) === CHANGE_NODE
  }
}
