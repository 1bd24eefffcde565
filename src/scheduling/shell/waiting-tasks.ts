import type { Backoff } from '../../core/internal.js'
import { backoffMs } from '../../core/internal.js'
import { classKey } from '../classes/class-table.js'
import type { RejectionCause } from '../explanation.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import type { MirrorChange } from './cluster-mirror.js'
import { mayHelp } from './rejection-hints.js'

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
  /** What was said of it, without how often; undefined when nothing was. */
  told: string | undefined
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
  /** Room is held for it, so that it fits where others that ask for the same do not. Default false. */
  readonly isHolder?: boolean
  /** What filters said. Default: it is not known what may help. */
  readonly causes?: readonly RejectionCause[]
}

/** Tasks that ask for the same. */
interface WaitingClass {
  /** One of their requests. */
  readonly sample: PlacementRequest
  readonly keys: Set<string>
  /** When it was last known that what is told of them is right, epoch ms. */
  triedMs: number
  /** Set when something has happened since: who is tried to see whether what is told of all may stay. */
  looker: string | undefined
  /** What filters said when one of them was tried last; undefined: that may be others by now. */
  causes: readonly RejectionCause[] | undefined
}

/** The tasks that found no node, and when to try them again. */
export class WaitingTasks {
  readonly #tasks = new Map<string, WaitingTask>()
  readonly #classes = new Map<string, WaitingClass>()
  readonly #backoff: Backoff
  /** Those that are woken, and not yet to be tried. */
  readonly #woken = new Set<string>()
  /** When the next of them is to be tried, epoch ms. */
  #dueMs = Number.POSITIVE_INFINITY

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
    if (!task.woken) return this.#judgeLook(key, task, nowMs)
    return nowMs >= task.notBeforeMs ? { kind: 'try' } : { kind: 'later', afterMs: task.notBeforeMs - nowMs }
  }

  /** One of each class is tried now and then, to see whether what keeps it waiting is still the same. */
  #judgeLook(key: string, task: WaitingTask, nowMs: number): WaitingVerdict {
    const one = this.#classes.get(task.classKey)
    if (one?.looker !== key) return { kind: 'sleep' }
    const afterMs = one.triedMs + this.#backoff.maxMs - nowMs
    return afterMs <= 0 ? { kind: 'try' } : { kind: 'later', afterMs }
  }

  /** Notes that something has happened; names those who are to be looked at for it, one of each class. */
  outdate(): readonly string[] {
    const samples: string[] = []
    for (const one of this.#classes.values()) {
      if (one.looker !== undefined && one.keys.has(one.looker)) continue
      one.looker = firstOf(one.keys)
      samples.push(one.looker)
    }
    return samples
  }

  /** Wakes those who ask for the same as a task of which something else is told now, and names them. */
  wakeLike(key: string): readonly string[] {
    const task = this.#tasks.get(key)
    const like = task === undefined ? [] : [...(this.#classes.get(task.classKey)?.keys ?? [])]
    return like.filter(other => other !== key && this.wakeOne(other))
  }

  /** Whether these causes were the last that were told of that state of the task; equal texts for equal causes. */
  wasTold(key: string, version: string, causes: string): boolean {
    const task = this.#tasks.get(key)
    return task !== undefined && task.version === version && task.told === causes
  }

  /** Notes what is told of a task now. Returns whether something else was told of it before. */
  told(key: string, causes: string): boolean {
    const task = this.#tasks.get(key)
    if (task === undefined) return false
    const isOther = task.told !== undefined && task.told !== causes
    task.told = causes
    return isOther
  }

  failed({ key, version, request, nowMs, isHolder = false, causes }: FailedAttempt): void {
    const earlier = this.#tasks.get(key)
    const known = earlier?.version === version ? earlier : undefined
    // A look is no attempt.
    const isLook = known !== undefined && !known.woken
    const attempts = isLook ? known.attempts : (known?.attempts ?? 0) + 1
    const notBeforeMs = isLook ? known.notBeforeMs : nowMs + backoffMs(this.#backoff, attempts - 1)
    this.delete(key)
    const own = request === undefined ? '' : isHolder ? `holder ${key}` : classKey(request)
    this.#tasks.set(key, {
      version,
      request,
      classKey: own,
      told: known?.told,
      attempts,
      notBeforeMs,
      woken: false,
    })
    if (request === undefined) return
    const one = this.#classes.get(own) ?? {
      sample: request,
      keys: new Set(),
      triedMs: nowMs,
      looker: undefined,
      causes,
    }
    one.causes = causes
    this.#classes.set(own, one)
    one.keys.add(key)
    // What is found out about one that is new is told of that one alone.
    if (one.looker !== undefined && one.looker !== key) return
    one.triedMs = nowMs
    one.looker = undefined
  }

  delete(key: string): void {
    const task = this.#tasks.get(key)
    if (task === undefined) return
    this.#tasks.delete(key)
    this.#woken.delete(key)
    const members = this.#classes.get(task.classKey)
    members?.keys.delete(key)
    if (members?.keys.size === 0) this.#classes.delete(task.classKey)
  }

  /** Marks a task as one that something may help now. False when it does not wait. */
  wakeOne(key: string): boolean {
    const task = this.#tasks.get(key)
    if (task !== undefined) this.#wake(key, task)
    return task !== undefined
  }

  #wake(key: string, task: WaitingTask): void {
    task.woken = true
    this.#woken.add(key)
    this.#dueMs = Math.min(this.#dueMs, task.notBeforeMs)
  }

  /** Those that are woken and whose time has come, each named once. */
  takeDue(nowMs: number): readonly string[] {
    if (nowMs < this.#dueMs) return []
    const due: string[] = []
    this.#dueMs = Number.POSITIVE_INFINITY
    for (const key of this.#woken) {
      const notBeforeMs = this.#tasks.get(key)?.notBeforeMs ?? 0
      if (notBeforeMs > nowMs) this.#dueMs = Math.min(this.#dueMs, notBeforeMs)
      else {
        due.push(key)
        this.#woken.delete(key)
      }
    }
    return due
  }

  /**
   * Marks the tasks that fit somewhere now, and names them. Each class of tasks that ask for the same is asked about
   * once, if the change may end one of the causes that were recorded, and looks only at nodes that changed.
   */
  wake(change: MirrorChange, scheduler: Scheduler): readonly string[] {
    if (change.kind === 'none') return []
    const woken: string[] = []
    for (const one of this.#classes.values()) {
      const { sample, keys, causes } = one
      if (change.kind !== 'node' && causes !== undefined && !mayHelp(scheduler.profile, causes, change))
        continue
      // Where one cause has ended, others may have come that were not recorded.
      one.causes = undefined
      if (!scheduler.fitsAnywhere(sample)) continue
      for (const key of keys) {
        this.#wake(key, this.#tasks.get(key) as WaitingTask)
        woken.push(key)
      }
    }
    return woken
  }
}

function firstOf(keys: ReadonlySet<string>): string {
  return keys.values().next().value ?? ''
}
