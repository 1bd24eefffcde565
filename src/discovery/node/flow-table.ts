import type { Cancel, Clock } from '../../core/index.js'

/** One connection through the proxy, or the datagrams of one sender. */
export interface Flow {
  /** Ends it at once. */
  end(): void
}

/** Counts of one endpoint. */
export interface EndpointFlowStats {
  readonly active: number
  readonly total: number
  readonly failures: number
}

interface Entry {
  readonly flows: Set<Flow>
  total: number
  failures: number
  present: boolean
  /** When its endpoint is killed. */
  drainDeadlineMs: number | undefined
  /** Of the end of its flows, while that is to come. */
  deadline: Cancel | undefined
}

/** How flows of endpoints are limited. */
export interface FlowLimits {
  /** How long flows outlive their endpoint. */
  readonly drainMs: number
  /** Flows of one endpoint. */
  readonly perEndpointMax: number
}

/** The connections and datagram flows of one service, by endpoint. */
export class FlowTable {
  readonly #clock: Clock
  readonly #limits: FlowLimits
  readonly #idle: (endpoint: string) => void
  readonly #entries = new Map<string, Entry>()
  readonly #full = new Set<string>()

  /** @param idle called when an endpoint's last flow is gone */
  constructor(clock: Clock, limits: FlowLimits, idle: (endpoint: string) => void) {
    this.#clock = clock
    this.#limits = limits
    this.#idle = idle
  }

  /** Endpoints that have as many flows as one may have. */
  get full(): ReadonlySet<string> {
    return this.#full
  }

  active(): number {
    let sum = 0
    for (const { flows } of this.#entries.values()) sum += flows.size
    return sum
  }

  readonly activeOf = (endpoint: string): number => this.#entries.get(endpoint)?.flows.size ?? 0

  add(endpoint: string, flow: Flow): void {
    const entry = this.#entryOf(endpoint)
    entry.flows.add(flow)
    entry.total++
    if (entry.flows.size >= this.#limits.perEndpointMax) this.#full.add(endpoint)
  }

  remove(endpoint: string, flow: Flow): void {
    const entry = this.#entries.get(endpoint)
    if (entry === undefined || !entry.flows.delete(flow)) return
    if (entry.flows.size < this.#limits.perEndpointMax) this.#full.delete(endpoint)
    this.#forgetIfGone(endpoint, entry)
    if (entry.flows.size === 0) this.#idle(endpoint)
  }

  failed(endpoint: string): void {
    this.#entryOf(endpoint).failures++
  }

  /**
   * Which endpoints exist, each with the time at which its flows end. Flows of those that are gone end after `drainMs`, or
   * at that time if it comes sooner; coming back in time saves them.
   */
  present(endpoints: ReadonlyMap<string, number | undefined>): void {
    for (const [endpoint, drainDeadlineMs] of endpoints) {
      const entry = this.#entryOf(endpoint)
      entry.present = true
      entry.drainDeadlineMs = drainDeadlineMs
      this.#endWithin(entry, Number.POSITIVE_INFINITY)
    }
    for (const [endpoint, entry] of [...this.#entries]) {
      if (endpoints.has(endpoint)) continue
      const isLeft = entry.present || entry.deadline === undefined
      entry.present = false
      if (entry.flows.size > 0 && isLeft) this.#endWithin(entry, this.#limits.drainMs)
      this.#forgetIfGone(endpoint, entry)
    }
  }

  stats(): Readonly<Record<string, EndpointFlowStats>> {
    const stats: Record<string, EndpointFlowStats> = {}
    for (const [endpoint, { flows, total, failures }] of this.#entries)
      stats[endpoint] = { active: flows.size, total, failures }
    return stats
  }

  endAll(): void {
    for (const entry of this.#entries.values()) {
      entry.deadline?.()
      entry.deadline = undefined
      endFlows(entry)
    }
  }

  #entryOf(endpoint: string): Entry {
    let entry = this.#entries.get(endpoint)
    if (entry === undefined) {
      entry = {
        flows: new Set(),
        total: 0,
        failures: 0,
        present: true,
        drainDeadlineMs: undefined,
        deadline: undefined,
      }
      this.#entries.set(endpoint, entry)
    }
    return entry
  }

  /** Ends its flows after that time, or when its endpoint is killed. */
  #endWithin(entry: Entry, ms: number): void {
    entry.deadline?.()
    const leftMs = (entry.drainDeadlineMs ?? Number.POSITIVE_INFINITY) - this.#clock.now()
    const waitMs = Math.max(0, Math.min(ms, leftMs))
    entry.deadline =
      waitMs === Number.POSITIVE_INFINITY
        ? undefined
        : this.#clock.after(waitMs, () => {
            entry.deadline = undefined
            endFlows(entry)
          })
  }

  #forgetIfGone(endpoint: string, entry: Entry): void {
    if (entry.present || entry.flows.size > 0) return
    entry.deadline?.()
    this.#entries.delete(endpoint)
  }
}

function endFlows({ flows }: Entry): void {
  for (const flow of [...flows]) flow.end()
}
