import type { Reason } from '../../core/index.js'

/**
 * Why a client gets nothing of an agent, in the order in which it is looked at.
 */
const NO_GRANT_ORDER = [
  'inactive',
  'suppressed',
  'noAgents',
  'agentInactive',
  'constraints',
  'capability',
  'nothingFree',
  'reservedForOthers',
  'limit',
  'headroom',
  'tooSmall',
  'doesNotFit',
  'doesNotFitDemand',
  'filtered',
  'outranked',
] as const

/** Code of a reason. */
export type NoGrantReason = (typeof NO_GRANT_ORDER)[number]

/** A reason of a refused grant. */
export interface NoGrant extends Reason {
  readonly code: NoGrantReason
}

/** The reason that comes first, and the rest in order. */
export function firstReason<T extends { readonly code: NoGrantReason }>(
  reasons: readonly T[],
): { readonly first: T | undefined; readonly also: readonly T[] } {
  const [first, ...also] = [...reasons].sort(
    (a, b) => NO_GRANT_ORDER.indexOf(a.code) - NO_GRANT_ORDER.indexOf(b.code),
  )
  return { first, also }
}

/** What would change the verdict, in words; undefined when nothing short of another cluster would. */
export function helpAgainst({ code, params = {} }: NoGrant): string | undefined {
  switch (code) {
    case 'inactive':
      return 'connect the framework again'
    case 'suppressed':
      return 'revive the role, or ask for something'
    case 'agentInactive':
      return 'reactivate the agent'
    case 'constraints':
      return 'loosen the constraints of the subscription'
    case 'capability':
      return `subscribe with what the agent asks for: ${String(params['missing'])}`
    case 'nothingFree':
    case 'outranked':
      return 'wait until others give something back, or raise the weight of the role'
    case 'reservedForOthers':
      return 'unreserve what is idle'
    case 'limit':
      return `raise the limit of ${String(params['role'])} on ${String(params['resource'])}`
    case 'headroom':
      return 'lower guarantees that are not met, or give the role one'
    case 'tooSmall':
      return 'lower minAllocatable of the subscription'
    case 'doesNotFit':
    case 'doesNotFitDemand':
      return 'ask for smaller tasks, or add larger agents'
    case 'filtered':
      return 'revive the role, or wait until the filter is over'
    case 'noAgents':
      return 'add agents'
    default:
      return undefined
  }
}
