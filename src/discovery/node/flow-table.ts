import type { Cancel, Clock } from '../../core/index.js'

/** One connection through the proxy. */
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
  deadline: Cancel | undefined
}

/** The connections of one service, by endpoint. */
export interface FlowTable {
  active(): number
  activeOf(endpoint: string): number
  add(endpoint: string, flow: Flow): void
  remove(endpoint: string, flow: Flow): void
  failed(endpoint: string): void
  /** Which endpoints exist. Flows of those that are gone end after `drainMs`; coming back in time saves them. */
  present(endpoints: ReadonlySet<string>): void
  stats(): Readonly<Record<string, EndpointFlowStats>>
  endAll(): void
}

/** @param idle called when an endpoint's last flow is gone */
export function createFlowTable(clock: Clock, drainMs: number, idle: (endpoint: string) => void): FlowTable {
  const entries = new Map<string, Entry>()
  const entryOf = (endpoint: string): Entry => {
    let entry = entries.get(endpoint)
    if (entry === undefined) {
      entry = { flows: new Set(), total: 0, failures: 0, present: true, deadline: undefined }
      entries.set(endpoint, entry)
    }
    return entry
  }
  const endFlows = (entry: Entry): void => {
    for (const flow of [...entry.flows]) flow.end()
  }
  const forgetIfGone = (endpoint: string, entry: Entry): void => {
    if (entry.present || entry.flows.size > 0) return
    entry.deadline?.()
    entries.delete(endpoint)
  }
  return {
    active: () => {
      let sum = 0
      for (const entry of entries.values()) sum += entry.flows.size
      return sum
    },
    activeOf: endpoint => entries.get(endpoint)?.flows.size ?? 0,
    add: (endpoint, flow) => {
      const entry = entryOf(endpoint)
      entry.flows.add(flow)
      entry.total++
    },
    remove: (endpoint, flow) => {
      const entry = entries.get(endpoint)
      if (entry === undefined || !entry.flows.delete(flow)) return
      forgetIfGone(endpoint, entry)
      if (entry.flows.size === 0) idle(endpoint)
    },
    failed: endpoint => {
      entryOf(endpoint).failures++
    },
    present: endpoints => {
      for (const endpoint of endpoints) {
        const entry = entryOf(endpoint)
        entry.present = true
        entry.deadline?.()
        entry.deadline = undefined
      }
      for (const [endpoint, entry] of [...entries]) {
        if (endpoints.has(endpoint)) continue
        entry.present = false
        if (entry.flows.size > 0) entry.deadline ??= clock.after(drainMs, () => endFlows(entry))
        forgetIfGone(endpoint, entry)
      }
    },
    stats: () => {
      const stats: Record<string, EndpointFlowStats> = {}
      for (const [endpoint, { flows, total, failures }] of entries)
        stats[endpoint] = { active: flows.size, total, failures }
      return stats
    },
    endAll: () => {
      for (const entry of entries.values()) {
        entry.deadline?.()
        endFlows(entry)
      }
    },
  }
}
