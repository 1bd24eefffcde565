import type { Cancel } from '../../core/index.js'
import type { ResourceSet } from '../resources/resource-set.js'
import type { Deadlines } from './deadlines.js'
import type { AgentConversion } from './pool-hooks.js'
import { expiredReservations, nextReservationEndMs } from './reservation-expiry.js'

/** Pause after the end of a reservation could not be written, in ms. */
const RETRY_MS = 10_000

/** What expiries look at, and what they do. */
export interface ExpiryParts {
  readonly deadlines: Deadlines
  now(): number
  /** All that an agent has; undefined unless it is registered. */
  total(agent: string): ResourceSet | undefined
  /** What of it nobody has. */
  free(agent: string): ResourceSet
  /** Takes offers of the agent back in which such resources are. */
  rescind(agent: string, has: (resources: ResourceSet) => boolean): void
  /** Rejects when the change could not be kept; resolves to what is to be called after it. */
  convert(agent: string, change: AgentConversion): Promise<() => void>
  failed(agent: string, error: unknown, retryMs: number): void
}

/** Ends reservations at their time: one deadline for each agent, at the earliest end. */
export class ExpiringReservations {
  readonly #parts: ExpiryParts
  readonly #deadlines = new Map<string, { readonly atMs: number; readonly callOff: Cancel }>()
  /** Agents of which an end could not be written, and when it is tried again. */
  readonly #retries = new Map<string, number>()

  constructor(parts: ExpiryParts) {
    this.#parts = parts
  }

  /** Sees to it that reservations in the set end in time. */
  watch(agent: string, set: ResourceSet, afterMs?: number): void {
    const endMs = nextReservationEndMs(set, afterMs)
    if (endMs !== undefined) this.#watchAt(agent, Math.max(endMs, this.#retries.get(agent) ?? 0))
  }

  /** What came back is unreserved at once where its time is over. */
  returned(agent: string, set: ResourceSet): void {
    const endMs = nextReservationEndMs(set)
    if (endMs !== undefined && endMs <= this.#parts.now()) this.#expire(agent)
  }

  /** The agent is out of reach, or gone. */
  forget(agent: string): void {
    this.#deadlines.get(agent)?.callOff()
    this.#deadlines.delete(agent)
    this.#retries.delete(agent)
  }

  #watchAt(agent: string, endMs: number): void {
    const before = this.#deadlines.get(agent)
    if (before === undefined || before.atMs > endMs) this.#setDeadline(agent, endMs)
  }

  #setDeadline(agent: string, endMs: number): void {
    this.#deadlines.get(agent)?.callOff()
    const { deadlines } = this.#parts
    const callOff = deadlines.at(Math.max(endMs, this.#parts.now()), () => {
      this.#deadlines.delete(agent)
      this.#expire(agent)
      const total = this.#parts.total(agent)
      if (total !== undefined) this.watch(agent, total, this.#parts.now())
    })
    this.#deadlines.set(agent, { atMs: endMs, callOff })
  }

  /** What is free of reservations that are over becomes unreserved; offers of such are taken back first. */
  #expire(agent: string): void {
    const parts = this.#parts
    const nowMs = parts.now()
    if (parts.total(agent) === undefined || nowMs < (this.#retries.get(agent) ?? 0)) return
    parts.rescind(agent, set => !expiredReservations(set, nowMs).from.isEmpty)
    const change = expiredReservations(parts.free(agent), nowMs)
    if (change.from.isEmpty) return
    parts.convert(agent, change).then(
      done => {
        this.#retries.delete(agent)
        done()
      },
      (error: unknown) => this.#failed(agent, error),
    )
  }

  /** It is still kept, and was perhaps told again already: nothing of the agent ends before the next attempt. */
  #failed(agent: string, error: unknown): void {
    const retryAtMs = this.#parts.now() + RETRY_MS
    this.#parts.failed(agent, error, RETRY_MS)
    this.#retries.set(agent, retryAtMs)
    this.#setDeadline(agent, retryAtMs)
  }
}
