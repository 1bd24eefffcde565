import type { FairNode, QuotaNode, QuotaTree } from '../../core/internal.js'
import { weightedShuffle } from '../../core/internal.js'
import { ResourceSet } from '../resources/resource-set.js'
import { isSubrole } from '../resources/role-name.js'
import type { Ledger } from './allocation-ledger.js'
import type { AgentRecord, Client, Member } from './allocation-records.js'
import type { Grant } from './allocator-event.js'
import type { AllocatorRules } from './allocator-options.js'
import { BarrenAgents } from './barren-agents.js'
import type { FilterTable } from './filter-table.js'
import { cutToGrain } from './grain.js'
import type { Gates } from './grant-gates.js'
import type { Holding } from './holding.js'
import { isEmptyHolding, isSharedVolume, plusHolding, setOf } from './holding.js'
import type { Stage } from './proposal.js'
import { propose } from './proposal.js'
import { isWanting } from './subscription.js'

/** What a pass works on. */
export interface PassParts {
  readonly ledger: Ledger
  readonly gates: Gates
  readonly filters: FilterTable
  readonly rules: AllocatorRules
}

interface Draft {
  readonly id: number
  readonly client: Client
  readonly agent: AgentRecord
  holding: Holding
  readonly stage: Stage
}

const NO_DRAFTS: readonly Draft[] = []

/**
 * One allocation pass: guarantees first, then fair shares. In each stage it goes over the agents, and at each agent
 * over the clients in their order, which is fixed while it is at that agent. The first client that passes all gates
 * gets what it may, and the next one is asked about the rest.
 *
 * @param agents in the order in which they are visited; for `shuffle` they are shuffled before each stage
 * @returns at most one grant for each client and agent, in the order in which they were first made
 */
export function allocationPass(parts: PassParts, agents: readonly AgentRecord[]): readonly Grant[] {
  return new AllocationPass(parts).run(agents)
}

/** What one client may have of agents, whoever is more entitled. */
export function grantDirectly(
  parts: PassParts,
  client: Client,
  agents: readonly AgentRecord[],
): readonly Grant[] {
  return new AllocationPass(parts).runFor(client, agents)
}

class AllocationPass {
  readonly #parts: PassParts
  readonly #drafts: Draft[] = []
  /** What was drafted for an agent, of those that were granted something. */
  readonly #byAgent = new Map<AgentRecord, Draft[]>()

  constructor(parts: PassParts) {
    this.#parts = parts
  }

  run(agents: readonly AgentRecord[]): readonly Grant[] {
    const { ledger, filters } = this.#parts
    for (const agent of agents) {
      filters.prepare(agent)
      agent.offeredShared.clear()
    }
    if (ledger.quota.hasUnmet) this.#stage('guarantee', agents)
    this.#stage('share', agents)
    return this.#drafts.map(draft => grantOf(draft, ledger))
  }

  runFor(client: Client, agents: readonly AgentRecord[]): readonly Grant[] {
    for (const agent of agents) {
      this.#parts.filters.prepare(agent)
      if (agent.active && !agent.isExhausted && isWanting(client)) this.#offer(client, agent, 'share')
    }
    return this.#drafts.map(draft => grantOf(draft, this.#parts.ledger))
  }

  #stage(stage: Stage, agents: readonly AgentRecord[]): void {
    const { random, visit } = this.#parts.rules
    const order = visit === 'shuffle' && random !== undefined ? weightedShuffle(agents, random) : agents
    const barren = this.#parts.ledger.hasConstraints ? undefined : new BarrenAgents()
    for (const agent of order) {
      if (stage === 'guarantee' && !this.#parts.ledger.quota.hasUnmet) return
      if (!agent.active || agent.isExhausted || barren?.has(agent) === true) continue
      if (!this.#visit(agent, stage)) barren?.add(agent)
    }
  }

  /** Whether anybody was given anything. Until nobody is: with the grain `agent` once, otherwise anew after each grant. */
  #visit(agent: AgentRecord, stage: Stage): boolean {
    const { ledger, rules } = this.#parts
    const { tree, quota } = ledger
    const whole = rules.grain === 'agent'
    const enter = this.#entryTo(agent, stage)
    let some = false
    for (let granted = true; granted && !agent.isExhausted; ) {
      granted = false
      tree.settle()
      tree.walk(leaf => {
        const client = leaf.payload as Client
        if (agent.isBlocked(client) || !this.#offer(client, agent, stage)) return 'next'
        some = true
        granted = !whole
        if (agent.isExhausted || granted) return 'stop'
        return hasRoomFor(client.role.quota, agent, quota) ? 'next' : 'leave'
      }, enter)
    }
    return some
  }

  /** Passes over groups that can have nothing, without asking their clients one by one. */
  #entryTo(agent: AgentRecord, stage: Stage): ((group: FairNode<Member>) => boolean) | undefined {
    const { quota } = this.#parts.ledger
    if (stage === 'guarantee') return group => quota.mayBeEntitled(group.payload as QuotaNode)
    if (quota.isEmpty && agent.freeSpecial.isEmpty) return undefined
    return group => hasRoomFor(group.payload as QuotaNode, agent, quota)
  }

  /** Grants what the client may have, if that passes the gates. */
  #offer(client: Client, agent: AgentRecord, stage: Stage): boolean {
    const { ledger, gates, filters, rules } = this.#parts
    if (!gates.satisfiesConstraints(client, agent)) return false
    if (gates.missingCapability(client, agent) !== undefined) return false
    const most = propose(ledger, client, agent, stage)
    if (most === undefined) return false
    const draft = this.#draftOf(client, agent)
    const whole = rules.grain === 'agent'
    const proposal =
      rules.grain === 'agent' ? most : cutToGrain(rules.grain, { ledger, client, agent, most, draft })
    if (proposal === undefined) return false
    if ((whole || draft === undefined) && !gates.isAllocatable(client, proposal)) return false
    const held = gates.demandHeld(client, proposal)
    if (held === undefined || filters.refuses(agent, client, proposal)) return false
    this.#grant(client, agent, { proposal, held, stage })
    return true
  }

  #grant(
    client: Client,
    agent: AgentRecord,
    what: { proposal: Holding; held: readonly number[]; stage: Stage },
  ): void {
    const { proposal, held, stage } = what
    const holding = { plain: [...proposal.plain], special: proposal.special }
    const { ledger } = this.#parts
    ledger.allocate(client, agent, holding)
    for (const chunk of holding.special.chunks) if (isSharedVolume(chunk)) agent.offeredShared.add(chunk.key)
    const draft = this.#draftOf(client, agent)
    const id = draft?.id ?? ledger.grantId++
    if (held.length > 0) ledger.cover(client, agent, { id, tasks: held })
    if (draft !== undefined) draft.holding = plusHolding(draft.holding, holding)
    else {
      const made: Draft = { id, client, agent, holding, stage }
      this.#drafts.push(made)
      const drafts = this.#byAgent.get(agent)
      if (drafts === undefined) this.#byAgent.set(agent, [made])
      else drafts.push(made)
    }
  }

  #draftOf(client: Client, agent: AgentRecord): Draft | undefined {
    for (const draft of this.#byAgent.get(agent) ?? NO_DRAFTS) if (draft.client === client) return draft
    return undefined
  }
}

/** False only when no client of the role, or of one below it, can have anything of what is free now. */
function hasRoomFor(role: QuotaNode, { free, freeSpecial }: AgentRecord, quota: QuotaTree): boolean {
  let columns = 0
  for (let column = 0; column < free.length; column++)
    if ((free[column] as number) > 0) columns |= 1 << Math.min(column, 31)
  if (!quota.isFull(role, columns)) return true
  if (freeSpecial.isEmpty) return false
  for (const { kind } of freeSpecial.chunks) {
    const owner = kind.reservations?.at(-1)?.role
    if (owner === undefined || isSubrole(role.path, owner) || isSubrole(owner, role.path)) return true
  }
  return false
}

function grantOf({ id, client, agent, holding, stage }: Draft, { columns }: Ledger): Grant {
  const resources = isEmptyHolding(holding) ? ResourceSet.empty : setOf(holding, columns)
  return {
    id,
    framework: client.framework.id,
    role: client.role.path,
    agent: agent.spec.id,
    resources,
    stage,
  }
}
