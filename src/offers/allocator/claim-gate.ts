import type { Reason } from '../../core/index.js'
import type { ResourceSet } from '../resources/resource-set.js'
import type { Ledger } from './allocation-ledger.js'
import type { AgentRecord, Client } from './allocation-records.js'
import type { ClaimRequest } from './allocator-event.js'
import type { Vector } from './columns.js'
import { containsVector } from './columns.js'
import type { FilterTable } from './filter-table.js'
import type { Gates } from './grant-gates.js'
import type { Holding } from './holding.js'
import { boundedVector, countVector, holdingOf, scalarVector, setOf } from './holding.js'
import type { Stage } from './proposal.js'
import { propose, spareOf } from './proposal.js'
import { isWanting, openDemand } from './subscription.js'

/** Why a claim is not granted. `conflict`: it is no longer free. The others are those of grants. */
export interface ClaimRefusal extends Reason {
  readonly code:
    | 'conflict'
    | 'agentInactive'
    | 'capability'
    | 'reservedForOthers'
    | 'limit'
    | 'headroom'
    | 'outranked'
}

/** What a claim took, or why it took nothing. */
export type ClaimVerdict = { readonly take: ResourceSet } | ClaimRefusal

interface ClaimParts {
  readonly ledger: Ledger
  readonly gates: Gates
  readonly filters: FilterTable
}

/**
 * Takes what is claimed, if it passes the gates that a grant would pass. It is outranked exactly when another client
 * has open demand for a task that a pass could grant it on the agent before the claim and not after it, and would have
 * the smaller share of the two if each got what it asks for. Whoever cannot be served there anyhow does not count.
 */
export function claim(parts: ClaimParts, request: ClaimRequest): ClaimVerdict {
  const { ledger, gates } = parts
  const client = ledger.clientOf(request.framework, request.role)
  const agent = ledger.agents.get(request.agent)
  if (agent === undefined || !agent.active)
    return {
      code: 'agentInactive',
      message: 'agent is gone or deactivated',
      params: { agent: request.agent },
    }
  // No agent has it: asking does not make it a resource of the cluster.
  for (const { kind } of request.resources.chunks)
    if (!ledger.columns.has(kind.name)) return conflict(ledger, agent, request)
  const take = request.pick === true ? picked(ledger, agent, request) : request.resources
  const holding = holdingOf(take, ledger.columns)
  const missing = gates.missingCapability(client, agent) ?? missingFor(client, holding)
  if (missing !== undefined)
    return { code: 'capability', message: `framework lacks ${missing}`, params: { missing } }
  if (!agent.hasFree(holding)) return conflict(ledger, agent, request)
  if (!holding.special.isEmpty && !take.allocatableTo(request.role).equals(take))
    return { code: 'reservedForOthers', message: 'reserved for another role' }
  const refusal = boundRefusal(ledger, client, holding)
  if (refusal !== undefined) return refusal
  const rivals = rivalsOf(parts, { client, agent, holding })
  const { version } = agent
  const grants = client.leaf.count
  ledger.allocate(client, agent, holding)
  const by = rivals.find(({ other, shape }) => !mayBeGranted(parts, other, agent, shape))?.other
  if (by === undefined) return { take }
  ledger.release(client, agent, holding)
  ledger.setGrants(client, grants)
  agent.version = version
  const params = { framework: by.framework.id, role: by.role.path }
  return { code: 'outranked', message: 'somebody with a smaller share waits for it', params }
}

/** Chunks for the amounts of a request; where nothing special has their names, they are what they are. */
function picked(ledger: Ledger, agent: AgentRecord, { resources, role }: ClaimRequest): ResourceSet {
  for (const { kind } of agent.freeSpecial.chunks)
    if (resources.has(kind.name))
      return setOf(agent.freeHolding, ledger.columns).take(resources.quantities(), role) ?? resources
  return resources
}

/** What may be taken back is for frameworks that can live with that. */
function missingFor({ framework }: Client, { special }: Holding): string | undefined {
  if (framework.capabilities.has('revocable')) return undefined
  for (const { kind } of special.chunks) if (kind.revocable === true) return 'revocable'
  return undefined
}

/** Names the first resource, by name, of which too little is free. */
function conflict({ columns }: Ledger, agent: AgentRecord, { resources }: ClaimRequest): ClaimRefusal {
  const free = columns.quantitiesOf(countVector(agent.freeHolding, columns))
  const asked = resources.quantities()
  const resource = Object.keys(asked).find(name => (asked[name] ?? 0) > (free[name] ?? 0))
  const params =
    resource === undefined ? {} : { resource, free: free[resource] ?? 0, asked: asked[resource] ?? 0 }
  return { code: 'conflict', message: 'not free any more', params }
}

function boundRefusal(ledger: Ledger, client: Client, holding: Holding): ClaimRefusal | undefined {
  const { quota, columns } = ledger
  if (quota.isEmpty) return undefined
  for (const [column, amount] of boundedVector(holding, columns).entries()) {
    if (amount <= 0) continue
    const resource = columns.names[column] as string
    if (amount > quota.roomOf(client.role.quota, column))
      return { code: 'limit', message: `limit on ${resource} is reached`, params: { resource } }
    const entitled = quota.entitlementOf(client.role.quota, column)
    if (amount - entitled > spareOf(ledger, column))
      return { code: 'headroom', message: `${resource} is held for guarantees`, params: { resource } }
  }
  return undefined
}

/** A task that somebody else waits for. */
interface Rival {
  readonly other: Client
  readonly shape: Vector
}

/**
 * Tasks that others with the smaller share could be granted on the agent now; the most entitled first, so that the
 * answer does not depend on who came first.
 */
function rivalsOf(
  parts: ClaimParts,
  { client, agent, holding }: { client: Client; agent: AgentRecord; holding: Holding },
): readonly Rival[] {
  const { demanding, columns, tree } = parts.ledger
  if (demanding.size === 0) return NO_RIVALS
  const claimant = { leaf: client.leaf, gets: scalarVector(holding, columns) }
  const free = countVector(agent.freeHolding, columns)
  const rivals: Rival[] = []
  for (const other of demanding) {
    if (other === client || !isWanting(other)) continue
    const open = openDemand(other)
    for (const [line, { shape }] of (other.demand ?? []).entries())
      if (
        (open[line] as number) > 0 &&
        containsVector(free, shape) &&
        tree.compareAfter({ leaf: other.leaf, gets: shape }, claimant) < 0 &&
        mayBeGranted(parts, other, agent, shape)
      )
        rivals.push({ other, shape })
  }
  return rivals.sort((a, b) =>
    tree.compareAfter({ leaf: a.other.leaf, gets: a.shape }, { leaf: b.other.leaf, gets: b.shape }),
  )
}

const NO_RIVALS: readonly Rival[] = []

/** Whether a pass could grant so much of an agent to a client, if nobody came before it. */
function mayBeGranted(
  { ledger, gates, filters }: ClaimParts,
  client: Client,
  agent: AgentRecord,
  shape: Vector,
): boolean {
  if (!gates.satisfiesConstraints(client, agent)) return false
  if (gates.missingCapability(client, agent) !== undefined) return false
  for (const stage of STAGES) {
    const proposal = propose(ledger, client, agent, stage)
    if (proposal === undefined || !gates.isAllocatable(client, proposal)) continue
    if (!containsVector(countVector(proposal, ledger.columns), shape)) continue
    if (!filters.refuses(agent, client, proposal)) return true
  }
  return false
}

const STAGES: readonly Stage[] = ['guarantee', 'share']
