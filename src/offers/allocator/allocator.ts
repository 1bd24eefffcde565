import type { Quantities } from '../resources/quantities.js'
import type { ResourceSet } from '../resources/resource-set.js'
import { Ledger } from './allocation-ledger.js'
import type { PassParts } from './allocation-pass.js'
import { allocationPass, grantDirectly } from './allocation-pass.js'
import type { AgentRecord, Client } from './allocation-records.js'
import type { AllocatorEvent, ClaimRequest, Grant, Quota } from './allocator-event.js'
import type { AllocatorOptions, AllocatorRules } from './allocator-options.js'
import { allocatorRules } from './allocator-options.js'
import { restoreSnapshot, takeSnapshot } from './allocator-snapshot.js'
import type { AllocatorSnapshot } from './allocator-state.js'
import type { AuditEntry } from './audit.js'
import { auditOf } from './audit.js'
import type { ClaimVerdict } from './claim-gate.js'
import { claim } from './claim-gate.js'
import { DirtyAgents } from './dirty-agents.js'
import { EventApplier } from './event-applier.js'
import type { ExplainQuery, Explanation } from './explain-grants.js'
import { explainGrants } from './explain-grants.js'
import { FilterTable } from './filter-table.js'
import { Gates } from './grant-gates.js'
import { NOTHING, setOf } from './holding.js'

/** An agent as an allocator sees it. */
export interface AgentView {
  readonly id: string
  readonly free: ResourceSet
  readonly active: boolean
  /** Differs whenever resources or attributes changed. */
  readonly version: number
}

/**
 * Decides who gets resources of which agent. Pure and synchronous: events in, grants out, no clock, no timers; the
 * same events give the same grants.
 */
export interface Allocator {
  /**
   * Takes events in, one after the other.
   *
   * @throws InvalidError for an event that speaks of something unknown or not held; it and those after it change
   * nothing
   */
  apply(...events: readonly AllocatorEvent[]): void
  /**
   * One allocation pass. What it grants is allocated until it is returned.
   *
   * @param nowMs filters that ended before it are dropped
   * @param scope `dirty`, the default: agents where something changed since they were looked at; `all`; or by id
   */
  run(nowMs: number, scope?: 'dirty' | 'all' | readonly string[]): readonly Grant[]
  /** Whether a pass over dirty agents would look at any. */
  readonly isDirty: boolean
  /** Whether any role has guarantees or limits. */
  readonly hasQuota: boolean
  /** When the next filter is over, so that a pass is worth while; undefined when none ends by itself. */
  nextDeadlineMs(): number | undefined
  /** Why a framework gets nothing, agent by agent. Looks at everything anew: O(agents). */
  explain(query: ExplainQuery): Explanation
  /**
   * Grants a framework what it may have of these agents, as if nobody were more entitled; through all other gates.
   */
  offerTo(
    of: { readonly framework: string; readonly role: string },
    agents: readonly string[],
  ): readonly Grant[]
  /** Roles that consume more than their limit, such as after it was lowered. */
  overLimit(): readonly string[]
  /** Takes free resources without a grant, through the same gates; or tells why not, and changes nothing. */
  claim(request: ClaimRequest): ClaimVerdict
  /** How many grants a framework got so far, by role; none when it is unknown. */
  grantsOf(framework: string): Readonly<Record<string, number>>
  /** Guarantees and limits by role. */
  quotas(): ReadonlyMap<string, Quota>
  /** Shares, unmet demand and guarantees of all roles and frameworks. */
  audit(): readonly AuditEntry[]
  agent(id: string): AgentView | undefined
  /** Agents in order of arrival. */
  agents(): Iterable<AgentView>
  /** What a framework has for a role on an agent, offered or in use; nothing when one of them is unknown. */
  held(framework: string, role: string, agent: string): ResourceSet
  /** Scalars of all agents. */
  total(): Quantities
  /** Everything it knows as JSON, the numbers of grants that break ties included. */
  snapshot(): AllocatorSnapshot
  /** An independent allocator in the same state, to try something out. O(state). */
  fork(): Allocator
}

/**
 * An allocator without agents or frameworks.
 *
 * @throws InvalidError for options out of bounds
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createAllocator, resources } from 'keelson/offers'
 *
 * const allocator = createAllocator()
 * allocator.apply(
 *   { type: 'agent', agent: { id: 'a1', resources: resources('cpus:4;mem:8192') } },
 *   { type: 'framework', id: 'web', roles: [{ role: 'prod' }] },
 *   { type: 'quota', role: 'prod', quota: { limits: { cpus: 3 } } }
 * )
 * const [grant] = allocator.run(0)
 * assert.equal(grant?.resources.toString(), 'cpus:3;mem:8192')
 * assert.equal(allocator.explain({ framework: 'web' }).verdict, 'limit')
 * ```
 */
export function createAllocator(options: AllocatorOptions = {}): Allocator {
  const rules = allocatorRules(options)
  rules.trace?.add({ call: 'start' })
  return new OfferAllocator(rules)
}

/** An allocator in the state of a snapshot. */
export function restoreAllocator(snapshot: AllocatorSnapshot, options: AllocatorOptions = {}): Allocator {
  const rules = allocatorRules(options)
  const restored = OfferAllocator.restored(snapshot, rules)
  rules.trace?.add({ call: 'start', snapshot })
  return restored
}

class OfferAllocator implements Allocator {
  readonly #rules: AllocatorRules
  readonly #ledger: Ledger
  readonly #filters = new FilterTable()
  readonly #dirty = new DirtyAgents()
  readonly #gates: Gates
  readonly #applier: EventApplier
  #passes = 0

  constructor(rules: AllocatorRules) {
    this.#rules = rules
    this.#ledger = new Ledger(rules.exclude)
    this.#gates = new Gates(this.#ledger, rules)
    this.#applier = new EventApplier({
      ledger: this.#ledger,
      filters: this.#filters,
      dirty: this.#dirty,
      gates: this.#gates,
    })
  }

  static restored(snapshot: AllocatorSnapshot, rules: AllocatorRules): OfferAllocator {
    const allocator = new OfferAllocator(rules)
    restoreSnapshot(snapshot, {
      applier: allocator.#applier,
      ledger: allocator.#ledger,
      filters: allocator.#filters,
    })
    allocator.#dirty.restore(allocator.#ledger, snapshot.dirty)
    allocator.#passes = snapshot.passes
    return allocator
  }

  get isDirty(): boolean {
    return !this.#dirty.isEmpty
  }

  get hasQuota(): boolean {
    return !this.#ledger.quota.isEmpty
  }

  apply(...events: readonly AllocatorEvent[]): void {
    for (const event of events) {
      this.#applier.apply(event)
      this.#rules.trace?.add({ call: 'apply', event })
    }
  }

  run(nowMs: number, scope: 'dirty' | 'all' | readonly string[] = 'dirty'): readonly Grant[] {
    for (const agent of this.#filters.expire(nowMs)) this.#dirty.add(agent)
    const agents = this.#scope(scope)
    if (agents.length === 0) return []
    const grants = allocationPass(this.#parts(), this.#inOrder(agents))
    this.#passes++
    this.#dirty.remove(typeof scope === 'string' ? 'every' : agents)
    this.#rules.trace?.add({ call: 'run', nowMs, scope, grants })
    return grants
  }

  nextDeadlineMs(): number | undefined {
    const end = this.#filters.nextEndMs
    return end === undefined ? undefined : Math.floor(end) + 1
  }

  explain(query: ExplainQuery): Explanation {
    return explainGrants({ ledger: this.#ledger, gates: this.#gates, filters: this.#filters }, query)
  }

  offerTo(of: { framework: string; role: string }, agents: readonly string[]): readonly Grant[] {
    const client = this.#ledger.clientOf(of.framework, of.role)
    const records = agents.flatMap(id => this.#ledger.agents.get(id) ?? [])
    const grants = grantDirectly(this.#parts(), client, records)
    this.#rules.trace?.add({ call: 'offerTo', of, agents, grants })
    return grants
  }

  overLimit(): readonly string[] {
    return this.#ledger.quota
      .nodes()
      .flatMap(({ path, bounds: { limit = [] }, consumed }) =>
        limit.some((most, column) => (consumed[column] ?? 0) > most) ? [path] : [],
      )
  }

  claim(request: ClaimRequest): ClaimVerdict {
    const verdict = claim({ ledger: this.#ledger, gates: this.#gates, filters: this.#filters }, request)
    if ('take' in verdict) this.#rules.trace?.add({ call: 'claim', request, take: verdict.take })
    return verdict
  }

  grantsOf(framework: string): Readonly<Record<string, number>> {
    const clients = this.#ledger.frameworks.get(framework)?.clients ?? new Map<string, Client>()
    return Object.fromEntries([...clients].map(([role, { leaf }]) => [role, leaf.count]))
  }

  quotas(): ReadonlyMap<string, Quota> {
    return this.#applier.quotas
  }

  audit(): readonly AuditEntry[] {
    return auditOf(this.#ledger)
  }

  agent(id: string): AgentView | undefined {
    const agent = this.#ledger.agents.get(id)
    return agent === undefined ? undefined : this.#view(agent)
  }

  *agents(): IterableIterator<AgentView> {
    for (const agent of this.#ledger.agents.values()) yield this.#view(agent)
  }

  held(framework: string, role: string, agent: string): ResourceSet {
    const { agents, columns, frameworks } = this.#ledger
    const client = frameworks.get(framework)?.clients.get(role)
    const holding = client === undefined ? undefined : agents.get(agent)?.allocations.get(client)
    return setOf(holding ?? NOTHING, columns)
  }

  total(): Quantities {
    return this.#ledger.columns.quantitiesOf(this.#ledger.totals)
  }

  snapshot(): AllocatorSnapshot {
    const dirty = this.#dirty.toJSON()
    return takeSnapshot({ ledger: this.#ledger, quotas: this.#applier.quotas, dirty, passes: this.#passes })
  }

  fork(): Allocator {
    return OfferAllocator.restored(this.snapshot(), { ...this.#rules, trace: undefined })
  }

  #parts(): PassParts {
    return { ledger: this.#ledger, gates: this.#gates, filters: this.#filters, rules: this.#rules }
  }

  #scope(scope: 'dirty' | 'all' | readonly string[]): readonly AgentRecord[] {
    const { agents } = this.#ledger
    if (scope === 'all') return [...agents.values()]
    if (scope === 'dirty') return this.#dirty.list(agents)
    return scope.flatMap(id => agents.get(id) ?? [])
  }

  #inOrder(agents: readonly AgentRecord[]): readonly AgentRecord[] {
    const start = this.#rules.visit === 'rotate' ? this.#passes % agents.length : 0
    return start === 0 ? agents : [...agents.slice(start), ...agents.slice(0, start)]
  }

  #view(agent: AgentRecord): AgentView {
    const { spec, active, version } = agent
    return { id: spec.id, free: setOf(agent.freeHolding, this.#ledger.columns), active, version }
  }
}
