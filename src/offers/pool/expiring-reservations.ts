import type { Cancel } from '../../core/index.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { PoolCore } from './pool-core.js'
import { expiredReservations, nextReservationEndMs } from './reservation-expiry.js'

/** Pause after the end of a reservation could not be written, in ms. */
const RETRY_MS = 10_000

/** Ends reservations at their time: one deadline for each agent, at the earliest end. */
export class ExpiringReservations {
  readonly #core: PoolCore
  readonly #deadlines = new Map<string, { readonly atMs: number; readonly callOff: Cancel }>()
  /** Agents of which an end could not be written, and when it is tried again. */
  readonly #retries = new Map<string, number>()

  constructor(core: PoolCore) {
    this.#core = core
  }

  /** Sees to it that reservations in the set end in time. */
  watch(agent: string, set: ResourceSet, afterMs?: number): void {
    const endMs = nextReservationEndMs(set, afterMs)
    if (endMs !== undefined) this.#watchAt(agent, Math.max(endMs, this.#retries.get(agent) ?? 0))
  }

  /** What came back is unreserved at once where its time is over. */
  returned(agent: string, set: ResourceSet): void {
    const endMs = nextReservationEndMs(set)
    if (endMs !== undefined && endMs <= this.#core.now()) this.#expire(agent)
  }

  /** The agent is out of reach, or gone. */
  forget(agent: string): void {
    this.#deadlines.get(agent)?.callOff()
    this.#deadlines.delete(agent)
    this.#retries.delete(agent)
  }

  #watchAt(agent: string, endMs: number): void {
    const before = this.#deadlines.get(agent)
    if (before !== undefined && before.atMs <= endMs) return
    before?.callOff()
    const { agents, deadlines } = this.#core
    const callOff = deadlines.at(Math.max(endMs, this.#core.now()), () => {
      this.#deadlines.delete(agent)
      this.#expire(agent)
      const spec = agents.registered.get(agent)
      if (spec !== undefined) this.watch(agent, spec.resources, this.#core.now())
    })
    this.#deadlines.set(agent, { atMs: endMs, callOff })
  }

  /** What is free of reservations that are over becomes unreserved; offers of such are taken back first. */
  #expire(agent: string): void {
    const core = this.#core
    const nowMs = core.now()
    if (!core.agents.has(agent) || nowMs < (this.#retries.get(agent) ?? 0)) return
    for (const { id, resources } of core.book.ofAgent(agent))
      if (!expiredReservations(resources, nowMs).from.isEmpty) core.rescind(id, 'reservation')
    const change = expiredReservations(core.allocator.agent(agent)?.free ?? ResourceSet.empty, nowMs)
    if (change.from.isEmpty) return
    core.allocator.apply({ type: 'convert', agent, ...change })
    core.hooks?.convert(agent, [change]).then(
      done => {
        this.#retries.delete(agent)
        done()
      },
      (error: unknown) => this.#failed(agent, error),
    )
    core.convertAgent(agent, change)
    core.requestPass()
  }

  /** It is still kept, so it will be told again. */
  #failed(agent: string, error: unknown): void {
    const core = this.#core
    if (core.isClosed) return
    core.env.logger.warn(
      { agent, retryMs: RETRY_MS, error: String(error) },
      'the end of a reservation was not written',
    )
    this.#retries.set(agent, core.now() + RETRY_MS)
    this.#watchAt(agent, core.now() + RETRY_MS)
  }
}
