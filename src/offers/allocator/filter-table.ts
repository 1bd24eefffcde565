import { heapHandle, IndexedHeap } from '../../core/internal.js'
import type { AgentRecord, Client, Filter } from './allocation-records.js'
import type { Holding } from './holding.js'
import { containsHolding, equalHoldings } from './holding.js'

/** Most filters of one client on one agent; then the one that ends first is dropped. */
const FILTERS_PER_AGENT_MAX = 16

/**
 * Refusals by agent and client. A filter that covers all that is free on its agent sets a bit, so that a pass
 * passes over the client in one step; others are compared.
 */
export class FilterTable {
  readonly #heap: IndexedHeap<Filter> = new IndexedHeap()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The earliest end of a filter, undefined when none ends by itself. */
  get nextEndMs(): number | undefined {
    return this.#heap.peek()?.at
  }

  add(of: { client: Client; agent: AgentRecord }, refused: Holding, untilMs: number): void {
    const { client, agent } = of
    // Not spread: a pass ends with thousands of these, and a spread takes several times as long.
    const { at, sequence, slot } = heapHandle()
    const filter: Filter = { at, sequence, slot, client, agent, refused, untilMs }
    const list = agent.filters.get(client)
    if (list === undefined) agent.filters.set(client, [filter])
    else {
      list.push(filter)
      if (list.length > FILTERS_PER_AGENT_MAX) this.#drop(earliest(list))
    }
    if (untilMs < Number.POSITIVE_INFINITY) this.#heap.push(filter, untilMs)
    client.filtered.add(agent)
    this.#size++
    if (containsHolding(refused, agent.cover)) agent.setBlocked(client, true)
  }

  /** Drops what ended before `nowMs`, and tells which agents may be offered again. */
  expire(nowMs: number): readonly AgentRecord[] {
    const agents: AgentRecord[] = []
    for (
      let filter = this.#heap.peek();
      filter !== undefined && filter.at < nowMs;
      filter = this.#heap.peek()
    ) {
      this.#drop(filter)
      agents.push(filter.agent)
    }
    return agents
  }

  /** Before a pass looks at the agent: the bits are made to speak of what is free now. */
  prepare(agent: AgentRecord): void {
    const free = agent.freeHolding
    if (equalHoldings(agent.cover, free)) return
    agent.cover = copyOf(free)
    for (const client of agent.filters.keys()) this.#setBit(agent, client)
  }

  refuses(agent: AgentRecord, client: Client, proposal: Holding): boolean {
    return this.refusalOf(agent, client, proposal) !== undefined
  }

  /** The filter that holds longest against the proposal. */
  refusalOf(agent: AgentRecord, client: Client, proposal: Holding): Filter | undefined {
    let found: Filter | undefined
    for (const filter of agent.filters.get(client) ?? []) {
      if (!containsHolding(filter.refused, proposal)) continue
      if (found === undefined || filter.untilMs > found.untilMs) found = filter
    }
    return found
  }

  dropOfClient(client: Client): void {
    for (const agent of [...client.filtered]) this.#dropPair(agent, client)
  }

  dropOfAgent(agent: AgentRecord): void {
    for (const client of [...agent.filters.keys()]) this.#dropPair(agent, client)
  }

  #dropPair(agent: AgentRecord, client: Client): void {
    for (const filter of [...(agent.filters.get(client) ?? [])]) this.#drop(filter)
  }

  #drop(filter: Filter): void {
    const { agent, client } = filter
    this.#heap.remove(filter)
    this.#size--
    const list = agent.filters.get(client) ?? []
    const at = list.indexOf(filter)
    if (at >= 0) list.splice(at, 1)
    if (list.length === 0) {
      agent.filters.delete(client)
      client.filtered.delete(agent)
    }
    this.#setBit(agent, client)
  }

  #setBit(agent: AgentRecord, client: Client): void {
    const list = agent.filters.get(client) ?? []
    agent.setBlocked(
      client,
      list.some(({ refused }) => containsHolding(refused, agent.cover)),
    )
  }
}

function earliest(list: readonly Filter[]): Filter {
  let first = list[0] as Filter
  for (const filter of list) if (filter.untilMs < first.untilMs) first = filter
  return first
}

function copyOf({ plain, special }: Holding): Holding {
  return { plain: [...plain], special }
}
