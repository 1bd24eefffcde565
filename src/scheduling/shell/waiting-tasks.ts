import type { Backoff } from '../../core/internal.js'
import { backoffMs } from '../../core/internal.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import type { MirrorChange } from './cluster-mirror.js'

/** What to do about a task that asks to be looked at. */
export type WaitingVerdict =
  | { readonly kind: 'try' }
  /** Nothing has changed since the last attempt. */
  | { readonly kind: 'sleep' }
  /** Something has, but it is too early for another attempt. */
  | { readonly kind: 'later'; readonly afterMs: number }

/** A task that found no node. */
interface WaitingTask {
  /** The state of the task that was tried. */
  readonly version: string
  /** Undefined when the task asks for something that no change of the cluster can give. */
  readonly request: PlacementRequest | undefined
  readonly attempts: number
  /** Epoch ms. */
  readonly notBeforeMs: number
  /** Whether something has happened since that may help. */
  woken: boolean
}

/** An attempt that found no node. */
export interface FailedAttempt {
  readonly key: string
  readonly version: string
  readonly request: PlacementRequest | undefined
  readonly nowMs: number
}

/** The tasks that found no node, and when to try them again. */
export class WaitingTasks {
  readonly #tasks = new Map<string, WaitingTask>()
  readonly #backoff: Backoff

  /** @param backoff between attempts for one task; the first retry is immediate */
  constructor(backoff: Backoff) {
    this.#backoff = backoff
  }

  /** Whether that very state of the task was tried and found no node. */
  has(key: string, version: string): boolean {
    return this.#tasks.get(key)?.version === version
  }

  /** Whether to try a task now. `version` is its present state; a task that has changed starts afresh. */
  judge(key: string, version: string, nowMs: number): WaitingVerdict {
    const task = this.#tasks.get(key)
    if (task === undefined || task.version !== version) return { kind: 'try' }
    if (!task.woken) return { kind: 'sleep' }
    return nowMs >= task.notBeforeMs ? { kind: 'try' } : { kind: 'later', afterMs: task.notBeforeMs - nowMs }
  }

  failed({ key, version, request, nowMs }: FailedAttempt): void {
    const earlier = this.#tasks.get(key)
    const attempts = (earlier?.version === version ? earlier.attempts : 0) + 1
    const notBeforeMs = nowMs + backoffMs(this.#backoff, attempts - 1)
    this.#tasks.set(key, { version, request, attempts, notBeforeMs, woken: false })
  }

  delete(key: string): void {
    this.#tasks.delete(key)
  }

  /**
   * Marks the tasks that the change may help, and names them. A changed node may help, or tell something new to,
   * everybody; room given back helps only those who now fit on that node.
   */
  wake(change: MirrorChange, scheduler: Scheduler): readonly string[] {
    if (change.kind === 'none') return []
    const keys: string[] = []
    for (const [key, task] of this.#tasks) {
      if (task.request === undefined) continue
      if (change.kind === 'freed' && !scheduler.fits(task.request, change.node)) continue
      task.woken = true
      keys.push(key)
    }
    return keys
  }
}
