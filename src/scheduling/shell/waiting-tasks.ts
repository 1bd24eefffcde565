import type { Backoff } from '../../core/internal.js'
import { backoffMs } from '../../core/internal.js'
import { classKey } from '../classes/class-table.js'
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
  /** Equal for tasks that ask for the same; empty without a request. */
  readonly classKey: string
  /** What kept it waiting, without how often. */
  readonly causes: string
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
  /** What kept it waiting, without how often; equal texts for equal causes. */
  readonly causes: string
  readonly nowMs: number
}

/** The tasks that found no node, and when to try them again. */
export class WaitingTasks {
  readonly #tasks = new Map<string, WaitingTask>()
  /** Tasks that ask for the same, with one of their requests. */
  readonly #classes = new Map<string, { readonly sample: PlacementRequest; readonly keys: Set<string> }>()
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

  /** Whether the same causes were found and told before. */
  isKnown(key: string, version: string, causes: string): boolean {
    const task = this.#tasks.get(key)
    return task !== undefined && task.version === version && task.causes === causes
  }

  failed({ key, version, request, causes, nowMs }: FailedAttempt): void {
    const earlier = this.#tasks.get(key)
    const attempts = (earlier?.version === version ? earlier.attempts : 0) + 1
    const notBeforeMs = nowMs + backoffMs(this.#backoff, attempts - 1)
    this.delete(key)
    const own = request === undefined ? '' : classKey(request)
    this.#tasks.set(key, { version, request, classKey: own, causes, attempts, notBeforeMs, woken: false })
    if (request === undefined) return
    const members = this.#classes.get(own)
    if (members === undefined) this.#classes.set(own, { sample: request, keys: new Set([key]) })
    else members.keys.add(key)
  }

  delete(key: string): void {
    const task = this.#tasks.get(key)
    if (task === undefined) return
    this.#tasks.delete(key)
    const members = this.#classes.get(task.classKey)
    members?.keys.delete(key)
    if (members?.keys.size === 0) this.#classes.delete(task.classKey)
  }

  /**
   * Marks the tasks that fit somewhere now, and names them. Each class of tasks that ask for the same is asked about
   * once, and looks only at nodes that changed.
   */
  wake(change: MirrorChange, scheduler: Scheduler): readonly string[] {
    if (change.kind === 'none') return []
    const woken: string[] = []
    for (const { sample, keys } of this.#classes.values()) {
      if (!scheduler.fitsAnywhere(sample)) continue
      for (const key of keys) {
        ;(this.#tasks.get(key) as WaitingTask).woken = true
        woken.push(key)
      }
    }
    return woken
  }
}
