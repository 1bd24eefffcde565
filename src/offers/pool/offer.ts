import type { Reason } from '../../core/index.js'
import type { AgentSpec } from '../allocator/allocator-event.js'
import type { ClaimRefusal } from '../allocator/claim-gate.js'
import type { ConversionProblemCode } from '../resources/conversion.js'
import type { ResourceSet } from '../resources/resource-set.js'

/** Resources of one agent, for one role, that a framework may use until the offer expires. */
export interface Offer {
  readonly id: string
  readonly agent: AgentSpec
  readonly role: string
  readonly resources: ResourceSet
  /** Epoch ms at which the pool takes it back; absent: it never does by itself. */
  readonly expiresAtMs?: number
}

/** Why an offer was taken back. */
export type RescindReason = 'expired' | 'agent' | 'quota' | 'maintenance' | 'volume' | 'reservation'

/**
 * Codes of what is wrong with an accept, a claim, or a task in it: those of conversions and claims, and what only offers
 * and tasks can be.
 */
export type OfferProblemCode =
  | ConversionProblemCode
  | ClaimRefusal['code']
  | 'duplicate'
  | 'unknown'
  | 'notOwner'
  | 'agentMismatch'
  | 'invalid'
  | 'groupInvalid'
  | 'aborted'
  | 'tooMany'
  | 'noResources'
  | 'taskExists'
  | 'volumeInUse'

/** What is wrong, as data. */
export interface OfferProblem extends Reason {
  readonly code: OfferProblemCode
}

/** An offer, whose it is, and the grant that it was made of. */
export interface OwnedOffer extends Offer {
  readonly framework: string
  readonly grantId: number
}

/**
 * The first thing wrong with a list of offers to be used together, in this order: a duplicate, one that is unknown or
 * over, somebody else's, different roles, different agents unless they may be.
 */
export function offerListProblem(
  ids: readonly string[],
  offers: ReadonlyMap<string, OwnedOffer>,
  owner: { readonly framework: string; readonly acrossAgents?: boolean },
): OfferProblem | undefined {
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index)
  if (repeated !== undefined) return problem('duplicate', 'named twice', repeated)
  const missing = ids.find(id => !offers.has(id))
  if (missing !== undefined) return problem('unknown', 'unknown, used, rescinded or expired', missing)
  const list = ids.map(id => offers.get(id) as OwnedOffer)
  const foreign = list.find(offer => offer.framework !== owner.framework)
  if (foreign !== undefined) return problem('notOwner', 'offered to another framework', foreign.id)
  const role = list.find(offer => offer.role !== list[0]?.role)
  if (role !== undefined) return problem('roleMismatch', 'offered for another role than the first', role.id)
  if (owner.acrossAgents === true) return undefined
  const agent = list.find(offer => offer.agent.id !== list[0]?.agent.id)
  return agent === undefined
    ? undefined
    : problem('agentMismatch', 'of another agent than the first', agent.id)
}

function problem(code: OfferProblemCode, message: string, offer: string): OfferProblem {
  return { code, message: `offer is ${message}`, params: { offer } }
}
