import type { TaskState } from './task-state.js'
import { isFinalState } from './task-state.js'

/** News of a task. */
export interface TaskUpdate {
  readonly task: string
  readonly state: TaskState
  /** Why, as a code. */
  readonly reason?: string
  readonly message?: string
  readonly agent?: string
  /** Names this update for its acknowledgement; absent in answers, which need none. */
  readonly uuid?: string
  readonly atMs: number
}

/** Most updates of one task that wait, and most whose ids are remembered, so that each counts once. */
const UPDATES_MAX = 100
const SEEN_MAX = 2 * UPDATES_MAX
const RETRY_MS_MIN = 10_000
const RETRY_MS_MAX = 600_000

/** What is to be done about an update or an acknowledgement. */
export type StreamStep =
  | { readonly kind: 'send'; readonly update: TaskUpdate }
  | { readonly kind: 'queued' | 'duplicate' | 'unexpectedAck' | 'drained' | 'closed' }

/**
 * How long after the n-th sending, from 1, it is sent again: 10 s, doubled by each, at most 10 min.
 *
 * @internal
 */
export function retryAfterMs(sendings: number): number {
  return Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (sendings - 1))
}

/**
 * The updates of one task on their way to its framework: in order, one in flight, sent again until it is
 * acknowledged, each taken in once. At most 100 wait: the newest that is not in flight gives way to a newer one, since
 * a state says all that those before it said. Closes with the acknowledgement of a final state.
 */
export class UpdateStream {
  // Both are made with the first update: most tasks have few, and a pool has many tasks.
  #waiting: TaskUpdate[] | undefined
  #seen: Set<string> | undefined
  #sendings = 0
  #resendAtMs: number | undefined
  #closed = false

  get isClosed(): boolean {
    return this.#closed
  }

  /** When the update in flight is due again; undefined when there is none. */
  get resendAtMs(): number | undefined {
    return this.#resendAtMs
  }

  /** Updates that are not acknowledged, oldest first. */
  get waiting(): readonly TaskUpdate[] {
    return this.#waiting ?? []
  }

  /** Whether an update of this id came before, as far back as ids are remembered. */
  hasSeen(uuid: string): boolean {
    return this.#seen?.has(uuid) === true
  }

  push(update: TaskUpdate, nowMs: number): StreamStep {
    const { uuid = '' } = update
    if (this.hasSeen(uuid) || this.#closed) return { kind: 'duplicate' }
    this.#remember(uuid)
    this.#waiting ??= []
    if (this.#waiting.length >= UPDATES_MAX) this.#seen?.delete(this.#waiting.pop()?.uuid ?? '')
    this.#waiting.push(update)
    return this.#waiting.length === 1 ? this.#send(update, nowMs) : { kind: 'queued' }
  }

  acknowledge(uuid: string, nowMs: number): StreamStep {
    const waiting = this.#waiting ?? []
    const [first, next] = waiting
    if (first === undefined || first.uuid !== uuid) return { kind: 'unexpectedAck' }
    waiting.shift()
    this.#resendAtMs = undefined
    this.#sendings = 0
    if (isFinalState(first.state)) {
      this.#closed = true
      return { kind: 'closed' }
    }
    return next === undefined ? { kind: 'drained' } : this.#send(next, nowMs)
  }

  /** The update in flight when it is due again, or anew after its framework came back. */
  resend(nowMs: number, anew = false): TaskUpdate | undefined {
    const [first] = this.waiting
    if (first === undefined || (!anew && (this.#resendAtMs === undefined || nowMs < this.#resendAtMs)))
      return undefined
    if (anew) this.#sendings = 0
    this.#send(first, nowMs)
    return first
  }

  /** The latest ones, those that wait among them. */
  #remember(uuid: string): void {
    this.#seen ??= new Set()
    this.#seen.add(uuid)
    if (this.#seen.size <= SEEN_MAX) return
    const [oldest = ''] = this.#seen
    this.#seen.delete(oldest)
  }

  #send(update: TaskUpdate, nowMs: number): StreamStep {
    this.#sendings++
    this.#resendAtMs = nowMs + retryAfterMs(this.#sendings)
    return { kind: 'send', update }
  }
}
