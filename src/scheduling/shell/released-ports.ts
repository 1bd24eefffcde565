import type { Task } from '../../api/index.js'
import type { HostPort } from '../nodes/host-ports.js'

/** So many ports are remembered; then the oldest are forgotten. */
const RELEASED_MAX = 10_000

const NONE: readonly string[] = Object.freeze([])

interface Released {
  readonly key: string
  readonly node: string
  readonly port: HostPort
  /** Epoch ms. */
  atMs: number
}

/**
 * Which ports of which nodes were given back lately. Who still talks to the task that had one is not to reach another: ports
 * of ranges are given again when they have cooled down, or no other is left. All costs are of what has changed.
 */
export class ReleasedPorts {
  readonly #coolDownMs: number
  /** By node and port, in the order in which they were given back. */
  readonly #released = new Map<string, Released>()
  readonly #byNode = new Map<string, Set<Released>>()
  /** Given back since somebody looked at the clock. */
  #fresh: Released[] = []
  /** Nodes of which something else is to be told. */
  readonly #changed = new Set<string>()
  #latestMs = Number.NEGATIVE_INFINITY
  /** Until a task asks for a port of a range nobody needs to know. */
  #isAskedFor = false

  constructor(coolDownMs: number) {
    this.#coolDownMs = coolDownMs
  }

  /** Takes in a task: whether any asks for ports of ranges. */
  noteTask({ spec: { ports } }: Task): void {
    if (this.#isAskedFor || ports === undefined) return
    this.#isAskedFor = ports.some(({ hostPortRange }) => hostPortRange !== undefined)
  }

  /** Whether `decay` is to be told the time. */
  get needsTime(): boolean {
    return this.#changed.size > 0
  }

  note(node: string, ports: readonly HostPort[]): void {
    if (!this.#isAskedFor || this.#coolDownMs === 0) return
    for (const port of ports) {
      if (port.port === 0) continue
      const key = `${node} ${port.port}/${port.protocol ?? 'TCP'}`
      const before = this.#released.get(key)
      if (before !== undefined) this.#forget(before)
      const one = { key, node, port, atMs: Number.POSITIVE_INFINITY }
      this.#released.set(key, one)
      this.#byNode.set(node, (this.#byNode.get(node) ?? new Set()).add(one))
      this.#fresh.push(one)
      this.#changed.add(node)
    }
    for (const oldest of this.#released.values()) {
      if (this.#released.size <= RELEASED_MAX) break
      this.#forget(oldest)
    }
  }

  /** Those of a node, the first of them first; undefined when there are none. */
  on(node: string): readonly HostPort[] | undefined {
    const own = this.#byNode.get(node)
    return own === undefined ? undefined : Array.from(own, ({ port }) => port)
  }

  /** Lets go of those that have cooled down, and names the nodes of which something else is told now. */
  decay(nowMs: number): readonly string[] {
    // After a clock that was put back nobody waits for longer than from now on.
    const begun = nowMs < this.#latestMs ? this.#released.values() : this.#fresh
    for (const one of begun) one.atMs = Math.min(one.atMs, nowMs)
    this.#fresh = []
    this.#latestMs = nowMs
    for (const oldest of this.#released.values()) {
      if (nowMs < oldest.atMs + this.#coolDownMs) break
      this.#forget(oldest)
    }
    if (this.#changed.size === 0) return NONE
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  #forget(one: Released): void {
    const { key, node } = one
    this.#released.delete(key)
    const own = this.#byNode.get(node)
    own?.delete(one)
    if (own?.size === 0) this.#byNode.delete(node)
    this.#changed.add(node)
  }
}
