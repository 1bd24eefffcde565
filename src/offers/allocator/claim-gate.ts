import type { Reason } from '../../core/index.js'
import type { ResourceSet } from '../resources/resource-set.js'
import type { Ledger } from './allocation-ledger.js'
import type { AgentRecord, Client } from './allocation-records.js'
import type { AllocationRef } from './allocator-event.js'
import { containsVector } from './columns.js'
import type { Gates } from './grant-gates.js'
import type { Holding } from './holding.js'
import { boundedVector, countVector, holdingOf, scalarVector } from './holding.js'
import { spareOf } from './proposal.js'
import { isWanting, openDemand } from './subscription.js'

/** Free resources that a framework wants to use at once. */
export interface ClaimRequest extends AllocationRef {
  readonly resources: ResourceSet
}

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

/**
 * Passes a claim through the gates that a grant would pass. It is outranked exactly when another client has open
 * demand for a task that fits on the agent before the claim and not after it, and would have the smaller share of
 * the two if each got what it asks for.
 */
export function claimRefusal(
  parts: { readonly ledger: Ledger; readonly gates: Gates },
  request: ClaimRequest,
): ClaimRefusal | undefined {
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
  const holding = holdingOf(request.resources, ledger.columns)
  const missing = gates.missingCapability(client, agent) ?? missingFor(client, holding)
  if (missing !== undefined)
    return { code: 'capability', message: `framework lacks ${missing}`, params: { missing } }
  if (!agent.hasFree(holding)) return conflict(ledger, agent, request)
  if (!request.resources.allocatableTo(request.role).equals(request.resources))
    return { code: 'reservedForOthers', message: 'reserved for another role' }
  return boundRefusal(ledger, client, holding) ?? outrankedBy(ledger, { client, agent, holding })
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

function outrankedBy(
  ledger: Ledger,
  claim: { client: Client; agent: AgentRecord; holding: Holding },
): ClaimRefusal | undefined {
  const { client, agent, holding } = claim
  const gets = scalarVector(holding, ledger.columns)
  const before = countVector(agent.freeHolding, ledger.columns)
  const taken = countVector(holding, ledger.columns)
  const after = before.map((amount, column) => amount - (taken[column] ?? 0))
  for (const other of ledger.wanting()) {
    if (other === client || other.demand === undefined || !isWanting(other)) continue
    const open = openDemand(other)
    for (const [line, { shape }] of other.demand.entries()) {
      if ((open[line] as number) === 0 || !containsVector(before, shape) || containsVector(after, shape))
        continue
      const order = ledger.tree.compareAfter({ leaf: other.leaf, gets: shape }, { leaf: client.leaf, gets })
      if (order >= 0) continue
      const params = { framework: other.framework.id, role: other.role.path }
      return { code: 'outranked', message: 'somebody with a smaller share waits for it', params }
    }
  }
  return undefined
}
