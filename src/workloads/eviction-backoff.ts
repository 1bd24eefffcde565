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
  /** Uids of the tasks that stood there beside those that went first: they do not come back, they have not gone yet. */
  readonly first: ReadonlySet<string>
}

/**
 * Remembers, for each owner and node, how often tasks were evicted in a row, so that an owner that makes them there again
 * and again, because its template names the node or because its scheduler does not heed what evicts them, and who evicts
 * them do not take turns without end. What is there at the first eviction never waits, when ever its turn comes; what comes
 * back stays for 1 s, then for twice as long each time, at most for 300 s; ten minutes without an eviction end the row. A
 * task without a controller is not made again, and never waits. Times are of the monotonic clock; a loop that starts again
 * begins without it.
 */
export class EvictionBackoff {
  readonly #rows = new Map<string, Row>()

  /** How long the task stays before it may be evicted, in ms; 0: not at all. */
  waitMs(node: string, task: Task, nowMs: number): number {
    const row = this.#rows.get(keyOf(node, task) ?? '')
    if (row === undefined || row.first.has(task.metadata.uid)) return 0
    return Math.max(0, row.lastMs + backoffMs(EVICTION_BACKOFF, row.count) - nowMs)
  }

  /**
   * These have been evicted together. What people are told of owners whose tasks came back.
   *
   * @param tasks all that were on the node then
   */
  note(
    node: string,
    evicted: readonly Evicted[],
    tasks: readonly Task[],
    nowMs: number,
  ): readonly LoopEvent[] {
    this.#forgetOld(nowMs)
    const told: LoopEvent[] = []
    const back = evicted.filter(one => !this.#isOfFirst(node, one))
    const owners = new Map(back.map(one => [keyOf(node, one.task), one]))
    const gone = new Set(evicted.map(one => one.task))
    for (const [key, { task, why }] of owners) {
      const owner = ownerOf(task)
      if (key === undefined || owner === undefined) continue
      const known = this.#rows.get(key)
      const count = (known?.count ?? 0) + 1
      const first = known?.first ?? uidsOf(tasks, one => keyOf(node, one) === key && !gone.has(one))
      // The oldest stands first.
      this.#rows.delete(key)
      this.#rows.set(key, { count, lastMs: nowMs, first })
      const pauseSeconds = backoffMs(EVICTION_BACKOFF, count) / 1000
      const note = `tasks of ${owner.kind} ${owner.name} come back and are evicted: ${why}; the next in ${pauseSeconds} s`
      if (count > 1) told.push({ type: 'Warning', reason: 'EvictionBackOff', note })
    }
    return told
  }

  #isOfFirst(node: string, { task }: Evicted): boolean {
    return this.#rows.get(keyOf(node, task) ?? '')?.first.has(task.metadata.uid) === true
  }

  #forgetOld(nowMs: number): void {
    const untilMs = nowMs - FORGET_FACTOR * EVICTION_BACKOFF.maxMs
    for (const [key, { lastMs }] of this.#rows) {
      if (lastMs > untilMs) return
      this.#rows.delete(key)
    }
  }
}

function uidsOf(tasks: readonly Task[], isWanted: (task: Task) => boolean): ReadonlySet<string> {
  return new Set(tasks.filter(isWanted).map(({ metadata }) => metadata.uid))
}

function ownerOf({ metadata }: Task): Task['metadata']['ownerReferences'][number] | undefined {
  return metadata.ownerReferences.find(({ controller }) => controller === true)
}

/** Undefined for a task that no controller would make again. */
function keyOf(node: string, task: Task): string | undefined {
  const owner = ownerOf(task)
  return owner === undefined ? undefined : `${node} ${owner.uid}`
}
