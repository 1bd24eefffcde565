import type { Node } from '../api/index.js'
import { findCondition } from '../api/index.js'
import { parseTime } from '../core/index.js'

/** The same moment by two clocks. */
export interface Moment {
  /** Monotonic: durations are measured by it. */
  readonly nowMs: number
  /** Of the wall clock: what conditions say is compared with it, at a first look only. */
  readonly wallMs: number
}

/** Instead of silence or an eviction: what is known does not tell that the node is at fault. */
export interface Pause {
  readonly kind: 'pause'
  readonly reason: 'NoNodeHeard' | 'PartialDisruption'
  readonly wakeAtMs: number
}

/** Since when nodes are `Ready=Unknown`, by the monotonic clock of this process. */
export class Silences {
  readonly #evictAfterMs: number
  readonly #byName = new Map<string, { readonly transition: string; readonly sinceMs: number }>()
  /** Nodes that were seen when they were not unknown. */
  readonly #wereKnown = new Set<string>()
  #isPaused = false
  #resumedAtMs = Number.NEGATIVE_INFINITY

  /** @param evictAfterMs as much of a silence before the first look counts at most */
  constructor(evictAfterMs: number) {
    this.#evictAfterMs = evictAfterMs
  }

  /** A look at a node: since when it is unknown, if it is. */
  look(name: string, node: Node | undefined, { nowMs, wallMs }: Moment): number | undefined {
    const ready = findCondition(node?.status?.conditions, 'Ready')
    if (ready?.status !== 'Unknown') {
      this.#byName.delete(name)
      this.#wereKnown.add(name)
      return undefined
    }
    const before = this.#byName.get(name)
    if (before?.transition === ready.lastTransitionTime) return before.sinceMs
    const elapsedMs = this.#wereKnown.has(name) ? 0 : wallMs - parseTime(ready.lastTransitionTime)
    const sinceMs = nowMs - Math.min(Math.max(0, elapsedMs), this.#evictAfterMs)
    this.#byName.set(name, { transition: ready.lastTransitionTime, sinceMs })
    return sinceMs
  }

  /** When a node was heard again after none was: every lease and every silence begins again then. −∞ before. */
  get resumedAtMs(): number {
    return this.#resumedAtMs
  }

  /** A sign of life of any node. */
  heard(nowMs: number): void {
    if (this.#isPaused) this.#resumedAtMs = nowMs
    this.#isPaused = false
  }

  /** No node is heard of. */
  pause(wakeAtMs: number): Pause {
    this.#isPaused = true
    return { kind: 'pause', reason: 'NoNodeHeard', wakeAtMs }
  }

  forget(name: string): void {
    this.#byName.delete(name)
    this.#wereKnown.delete(name)
  }
}
