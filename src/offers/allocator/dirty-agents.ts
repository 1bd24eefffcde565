import type { Ledger } from './allocation-ledger.js'
import type { AgentRecord } from './allocation-records.js'

/** Which agents a pass must look at: those where something changed, or all of them. */
export class DirtyAgents {
  readonly #some = new Set<AgentRecord>()
  #all = false

  get isEmpty(): boolean {
    return !this.#all && this.#some.size === 0
  }

  add(agent: AgentRecord): void {
    if (!this.#all) this.#some.add(agent)
  }

  /** Something changed that may matter at every agent. O(1). */
  addAll(): void {
    this.#all = true
    this.#some.clear()
  }

  delete(agent: AgentRecord): void {
    this.#some.delete(agent)
  }

  /** Forgets what a pass looked at: these agents, or, when it looked at every dirty one, everything. */
  remove(agents: readonly AgentRecord[] | 'every'): void {
    if (agents === 'every') this.#clear()
    else for (const agent of agents) this.#some.delete(agent)
  }

  /** In order of arrival. */
  list(agents: ReadonlyMap<string, AgentRecord>): readonly AgentRecord[] {
    if (this.#all) return [...agents.values()]
    if (this.#some.size * 4 > agents.size) return [...agents.values()].filter(agent => this.#some.has(agent))
    return [...this.#some].sort((a, b) => a.sequence - b.sequence)
  }

  toJSON(): 'all' | readonly string[] {
    return this.#all ? 'all' : [...this.#some].map(({ spec }) => spec.id)
  }

  restore({ agents }: Ledger, dirty: 'all' | readonly string[]): void {
    this.#clear()
    if (dirty === 'all') this.#all = true
    else for (const id of dirty) this.#some.add(agents.get(id) as AgentRecord)
  }

  #clear(): void {
    this.#all = false
    this.#some.clear()
  }
}
