/** When, by its own monotonic clock, a process last saw a sign of life of a node. */
export interface HeardNode {
  readonly resourceVersion: string | undefined
  readonly lastSeenMs: number
  readonly leaseDurationMs: number
  /** True when the lease was seen to change: that it exists is no sign of life. */
  readonly isRenewed: boolean
}

/** A lease as it is now. */
export type LeaseLook = Pick<HeardNode, 'resourceVersion' | 'leaseDurationMs'>

/** What a process has heard of nodes, by their names. */
export class HeardNodes {
  readonly #byName = new Map<string, HeardNode>()

  /** A look at the lease of a node: what is known of it then. A first look grants the full lease. */
  look(name: string, lease: LeaseLook, nowMs: number): HeardNode {
    const before = this.#byName.get(name)
    const isSame = before !== undefined && before.resourceVersion === lease.resourceVersion
    const heard: HeardNode = {
      ...lease,
      lastSeenMs: isSame ? before.lastSeenMs : nowMs,
      isRenewed: isSame ? before.isRenewed : before !== undefined,
    }
    this.#byName.set(name, heard)
    return heard
  }

  /** False when the lease of the node has lapsed; a node that was never looked at is given its time. */
  isHeard(name: string, nowMs: number): boolean {
    const known = this.#byName.get(name)
    return known === undefined || nowMs < known.lastSeenMs + known.leaseDurationMs
  }

  forget(name: string): void {
    this.#byName.delete(name)
  }

  /**
   * True when one of `others` is heard of, and was heard at a time when `silent` could have been: half a lease after its
   * last sign of life. Nodes that fell silent together are no witnesses of each other.
   */
  hasWitness(silent: HeardNode, others: Iterable<string>, nowMs: number): boolean {
    for (const name of others) {
      const other = this.#byName.get(name)
      if (other === undefined || other === silent || !other.isRenewed) continue
      const isAlive = nowMs < other.lastSeenMs + other.leaseDurationMs
      if (isAlive && other.lastSeenMs > silent.lastSeenMs + silent.leaseDurationMs / 2) return true
    }
    return false
  }
}
