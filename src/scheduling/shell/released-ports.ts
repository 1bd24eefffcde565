import type { Task } from '../../api/index.js'
import type { HostPort } from '../nodes/host-ports.js'

/** So many ports are remembered; then the oldest are forgotten. */
const RELEASED_MAX = 10_000

const NONE: readonly string[] = Object.freeze([])

interface Released {
  readonly node: string
  readonly port: HostPort
  /** Epoch ms; undefined until somebody looks at the clock. */
  atMs: number | undefined
}

/**
 * Which ports of which nodes were given back lately. Who still talks to the task that had one is not to reach another: ports
 * of ranges are given again when they have cooled down, or no other is left.
 */
export class ReleasedPorts {
  readonly #coolDownMs: number
  /** By node and port, in the order in which they were given back. */
  readonly #released = new Map<string, Released>()
  /** Nodes of which something else is to be told. */
  readonly #changed = new Set<string>()
  /** When the next has cooled down, epoch ms. */
  #dueMs = Number.POSITIVE_INFINITY
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
      this.#released.delete(key)
      this.#released.set(key, { node, port, atMs: undefined })
      this.#changed.add(node)
    }
    for (const [oldest, { node: other }] of this.#released) {
      if (this.#released.size <= RELEASED_MAX) break
      this.#released.delete(oldest)
      this.#changed.add(other)
    }
  }

  /** Those of a node, the first of them first; undefined when there are none. */
  on(node: string): readonly HostPort[] | undefined {
    if (this.#released.size === 0) return undefined
    const own = [...this.#released.values()].flatMap(one => (one.node === node ? [one.port] : []))
    return own.length === 0 ? undefined : own
  }

  /** Lets go of those that have cooled down, and names the nodes of which something else is told now. */
  decay(nowMs: number): readonly string[] {
    if (this.#changed.size === 0 && nowMs < this.#dueMs) return NONE
    this.#dueMs = Number.POSITIVE_INFINITY
    for (const [key, one] of this.#released) {
      one.atMs = Math.min(nowMs, one.atMs ?? nowMs)
      const dueMs = one.atMs + this.#coolDownMs
      if (nowMs < dueMs) {
        this.#dueMs = Math.min(this.#dueMs, dueMs)
        continue
      }
      this.#released.delete(key)
      this.#changed.add(one.node)
    }
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }
}
