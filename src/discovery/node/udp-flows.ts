import type { Cancel, Clock } from '../../core/index.js'

/** The datagrams of one sender to one address of a service, and what comes back. */
export interface UdpFlow {
  readonly service: string
  /** Ends it: its next datagram begins another one. */
  end(): void
}

/** How many flows there are, and for how long. */
export interface UdpFlowLimits {
  readonly flowsMax: number
  readonly flowsPerServiceMax: number
  /** Without a datagram, or without any answer, for this long a flow ends. */
  readonly idleMs: number
}

interface Entry {
  readonly flow: UdpFlow
  readonly openedMs: number
  seenMs: number
  /** When it was answered last; undefined before the first time. */
  answeredMs: number | undefined
}

/**
 * Flows of all services in the order of their use. Over a limit the one that was not used for longest ends, of the
 * service whose limit it is, so that forged senders use up no more than that.
 *
 * A flow that was never answered ends `idleMs` after its beginning, whatever is sent: its endpoint may take nothing in,
 * so the next datagram finds another one. The work for a datagram does not depend on how many flows there are.
 */
export class UdpFlows {
  readonly #clock: Clock
  readonly #limits: UdpFlowLimits
  readonly #evicted: (flow: UdpFlow) => void
  readonly #entries = new Map<UdpFlow, Entry>()
  /** In the order of use. */
  readonly #used = new Set<Entry>()
  readonly #services = new Map<string, Set<Entry>>()
  /** Never answered, in the order of opening. */
  readonly #unanswered = new Set<Entry>()
  #cancel: Cancel | undefined

  /** @param evicted told of a flow that ends to make room, before it does */
  constructor(clock: Clock, limits: UdpFlowLimits, evicted: (flow: UdpFlow) => void) {
    this.#clock = clock
    this.#limits = limits
    this.#evicted = evicted
  }

  get size(): number {
    return this.#entries.size
  }

  add(flow: UdpFlow): void {
    const own = this.#services.get(flow.service) ?? new Set()
    this.#services.set(flow.service, own)
    if (own.size >= this.#limits.flowsPerServiceMax) this.#evict(own)
    if (this.#used.size >= this.#limits.flowsMax) this.#evict(this.#used)
    const nowMs = this.#clock.monotonic()
    const entry: Entry = { flow, openedMs: nowMs, seenMs: nowMs, answeredMs: undefined }
    this.#entries.set(flow, entry)
    this.#services.set(flow.service, own.add(entry))
    this.#used.add(entry)
    this.#unanswered.add(entry)
    this.#cancel ??= this.#clock.after(this.#limits.idleMs, () => this.#sweep())
  }

  /** A datagram of it, either way. */
  seen(flow: UdpFlow, isAnswer: boolean): void {
    const entry = this.#entries.get(flow)
    if (entry === undefined) return
    entry.seenMs = this.#clock.monotonic()
    if (isAnswer) {
      entry.answeredMs = entry.seenMs
      this.#unanswered.delete(entry)
    }
    moveToEnd(this.#used, entry)
    const own = this.#services.get(flow.service)
    if (own !== undefined) moveToEnd(own, entry)
  }

  /** Whether it was answered in the last `idleMs`. */
  isAnswered(flow: UdpFlow): boolean {
    const answeredMs = this.#entries.get(flow)?.answeredMs
    return answeredMs !== undefined && this.#clock.monotonic() < answeredMs + this.#limits.idleMs
  }

  /** It has ended. */
  remove(flow: UdpFlow): void {
    const entry = this.#entries.get(flow)
    if (entry === undefined) return
    this.#entries.delete(flow)
    this.#used.delete(entry)
    this.#unanswered.delete(entry)
    const own = this.#services.get(flow.service)
    own?.delete(entry)
    if (own?.size === 0) this.#services.delete(flow.service)
    if (this.#entries.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
  }

  #evict(among: ReadonlySet<Entry>): void {
    const [oldest] = among
    if (oldest === undefined) return
    this.#evicted(oldest.flow)
    oldest.flow.end()
  }

  #sweep(): void {
    const { idleMs } = this.#limits
    const nowMs = this.#clock.monotonic()
    let dueMs = Number.POSITIVE_INFINITY
    for (const { flow, seenMs } of this.#used) {
      if (nowMs < seenMs + idleMs) {
        dueMs = seenMs + idleMs
        break
      }
      flow.end()
    }
    for (const { flow, openedMs } of this.#unanswered) {
      if (nowMs < openedMs + idleMs) {
        dueMs = Math.min(dueMs, openedMs + idleMs)
        break
      }
      flow.end()
    }
    this.#cancel =
      this.#entries.size === 0 ? undefined : this.#clock.after(dueMs - nowMs, () => this.#sweep())
  }
}

function moveToEnd(set: Set<Entry>, entry: Entry): void {
  set.delete(entry)
  set.add(entry)
}
