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
  #head = 0
  /** Moves when a node came, went or was described otherwise. */
  nodeEpoch = 0

  /** How many entries were ever written. */
  get head(): number {
    return this.#head
  }

  /** Notes a change; the same slot twice in a row is noted once. */
  note(slot: number, change: typeof CHANGE_TASKS | typeof CHANGE_NODE): void {
    const entry = slot * 2 + change
    if (change === CHANGE_NODE) this.nodeEpoch++
    this.#entries[this.#head++ & (CAPACITY - 1)] = entry
  }

  /** Whether the entries from `cursor` on are still there. */
  reaches(cursor: number): boolean {
    return this.#head - cursor <= CAPACITY
  }

  slotAt(position: number): number {
    return (this.#entries[position & (CAPACITY - 1)] as number) >>> 1
  }

  isNodeChange(position: number): boolean {
    return ((this.#entries[position & (CAPACITY - 1)] as number) & 1) === CHANGE_NODE
  }
}
