import type { Task } from '../api/index.js'
import type { Backoff } from '../core/internal.js'
import { backoffMs } from '../core/internal.js'
import type { LoopEvent } from './task-event.js'

/** Between an eviction and the next of the same owner from the same node: as the tasks of a daemon that fail. */
const EVICTION_BACKOFF: Backoff = { baseMs: 1_000, maxMs: 300_000 }

/** After so many times `maxMs` without an eviction the row is over. */
const FORGET_FACTOR = 2

/** A task that was evicted, and why. */
export interface Evicted {
  readonly task: Task
  readonly why: string
}

interface Row {
  readonly count: number
  readonly lastMs: number
}

/**
 * Remembers, for each owner and node, how often tasks were evicted in a row, so that an owner that makes them there again
 * and again, because its template names the node or because its scheduler does not heed what evicts them, and who evicts
 * them do not take turns without end. The first eviction is at once; what comes back stays for 1 s, then for twice as long
 * each time, at most for 300 s; ten minutes without an eviction end the row. A task without a controller is not made again,
 * and never waits. Times are of the monotonic clock; a loop that starts again begins without it.
 */
export class EvictionBackoff {
  readonly #rows = new Map<string, Row>()

  /** How long the task stays before it may be evicted, in ms; 0: not at all. */
  waitMs(node: string, task: Task, nowMs: number): number {
    const row = this.#rows.get(keyOf(node, task) ?? '')
    if (row === undefined) return 0
    return Math.max(0, row.lastMs + backoffMs(EVICTION_BACKOFF, row.count) - nowMs)
  }

  /** These have been evicted together. What people are told of owners whose tasks came back. */
  note(node: string, evicted: readonly Evicted[], nowMs: number): readonly LoopEvent[] {
    this.#forgetOld(nowMs)
    const owners = new Map(evicted.map(one => [keyOf(node, one.task), one]))
    const told: LoopEvent[] = []
    for (const [key, { task, why }] of owners) {
      const owner = ownerOf(task)
      if (key === undefined || owner === undefined) continue
      const count = (this.#rows.get(key)?.count ?? 0) + 1
      // The oldest stands first.
      this.#rows.delete(key)
      this.#rows.set(key, { count, lastMs: nowMs })
      const pauseSeconds = backoffMs(EVICTION_BACKOFF, count) / 1000
      const note = `tasks of ${owner.kind} ${owner.name} come back and are evicted: ${why}; the next in ${pauseSeconds} s`
      if (count > 1) told.push({ type: 'Warning', reason: 'EvictionBackOff', note })
    }
    return told
  }

  #forgetOld(nowMs: number): void {
    const untilMs = nowMs - FORGET_FACTOR * EVICTION_BACKOFF.maxMs
    for (const [key, { lastMs }] of this.#rows) {
      if (lastMs > untilMs) return
      this.#rows.delete(key)
    }
  }
}

function ownerOf({ metadata }: Task): Task['metadata']['ownerReferences'][number] | undefined {
  return metadata.ownerReferences.find(({ controller }) => controller === true)
}

/** Undefined for a task that no controller would make again. */
function keyOf(node: string, task: Task): string | undefined {
  const owner = ownerOf(task)
  return owner === undefined ? undefined : `${node} ${owner.uid}`
}
