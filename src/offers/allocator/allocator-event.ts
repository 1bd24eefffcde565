import type { Attributes, Constraint } from '../../core/index.js'
import type { Quantities } from '../resources/quantities.js'
import type { ResourceSet } from '../resources/resource-set.js'

/** A time in which an agent will not be there. */
export interface Unavailability {
  readonly startMs: number
  /** Absent: for good. */
  readonly durationMs?: number
}

/** A machine that has resources. */
export interface AgentSpec {
  /** Unique in its pool. */
  readonly id: string
  readonly host?: string
  readonly resources: ResourceSet
  /** For constraints. `host` is there as `hostname` too. */
  readonly attributes?: Attributes
  /** Where it stands, widest first: `['eu', 'eu-1', 'rack-7']`. */
  readonly topology?: readonly string[]
  readonly unavailability?: Unavailability
}

/** What constraints look at: the attributes, and `host` as `hostname` unless an attribute is called that. */
export function attributesOf({ host, attributes = {} }: AgentSpec): Attributes {
  return host === undefined || Object.hasOwn(attributes, 'hostname')
    ? attributes
    : { ...attributes, hostname: host }
}

/** What a framework could use at once: so many tasks of a shape. */
export interface Demand {
  readonly shape: Quantities
  /** An integer of at least 1. */
  readonly count: number
}

/** A framework's interest in resources of one role. */
export interface RoleSubscription {
  readonly role: string
  /** No offers until revived. Default false. */
  readonly suppressed?: boolean
  /** Smallest offer: all amounts of any alternative. Default: that of the allocator. */
  readonly minAllocatable?: readonly Quantities[]
  /** Groups of constraints on agents; all of any group must hold. Absent or empty: every agent. */
  readonly constraints?: readonly (readonly Constraint[])[]
  /**
   * What waits to be launched. Absent: unknown, anything is offered. Empty: nothing is offered. Otherwise only what
   * holds at least one task, and no more agents than the tasks need.
   */
  readonly demand?: readonly Demand[] | undefined
}

/** `revocable`: gets resources that may be taken back. `remote`: gets agents outside the pool's own region. */
export type FrameworkCapability = 'revocable' | 'remote'

/** Guarantees and limits of a role and all roles below. */
export interface Quota {
  /** Handed out before fair sharing, and held back from others while unmet. */
  readonly guarantees?: Quantities
  /** Never exceeded by grants. A name that is absent has no limit. */
  readonly limits?: Quantities
  /** How much of the unmet guarantees others may have meanwhile. Default none. */
  readonly lendingLimits?: Quantities
}

/** Why resources come back, and for how long the framework does not want them. */
export interface RefusalFilter {
  /** Epoch ms until which, that instant included, nothing that is contained in the refused is offered again;
   * `changed`: until the agent has more, or other attributes. */
  readonly untilMs: number | 'changed'
}

/** Whose resources of which agent. */
export interface AllocationRef {
  readonly framework: string
  readonly role: string
  readonly agent: string
}

/** What an allocator is told. */
export type AllocatorEvent =
  /** An agent, new or changed. Other attributes drop all filters on it. */
  | { readonly type: 'agent'; readonly agent: AgentSpec }
  | { readonly type: 'agentGone'; readonly id: string }
  | { readonly type: 'agentState'; readonly id: string; readonly active: boolean }
  /** A framework, new or changed. A role that is no longer listed gets nothing more and keeps what it has. */
  | {
      readonly type: 'framework'
      readonly id: string
      readonly roles: readonly RoleSubscription[]
      readonly capabilities?: readonly FrameworkCapability[]
      /** Scarce resources that it can make use of. */
      readonly uses?: readonly string[]
    }
  /** Its resources come back, its filters are dropped. */
  | { readonly type: 'frameworkGone'; readonly id: string }
  /** Inactive: gets nothing, keeps everything, filters too. */
  | { readonly type: 'frameworkState'; readonly id: string; readonly active: boolean }
  /** No roles: all of them. */
  | { readonly type: 'suppress'; readonly framework: string; readonly roles?: readonly string[] }
  /** Takes part again, without its filters. */
  | { readonly type: 'revive'; readonly framework: string; readonly roles?: readonly string[] }
  | {
      readonly type: 'demand'
      readonly framework: string
      readonly role: string
      readonly demand: readonly Demand[] | undefined
    }
  | { readonly type: 'weight'; readonly role: string; readonly weight: number }
  /** The quota of one role; `{}` takes it away. */
  | { readonly type: 'quota'; readonly role: string; readonly quota: Quota }
  /** All quotas at once, in place of those before. */
  | { readonly type: 'quotas'; readonly quotas: Readonly<Record<string, Quota>> }
  /** How many grants a framework got so far, which breaks ties; for who restores an allocator. */
  | {
      readonly type: 'grants'
      readonly framework: string
      readonly role: string
      readonly grants: number
    }
  /** Resources come back: declined, unused, or of a task that ended. */
  | ({
      readonly type: 'return'
      readonly resources: ResourceSet
      readonly filter?: RefusalFilter
      /**
       * The grants that were offered, which hold nothing of the demand any more. Default: all that the framework has of
       * the agent; none for a task that ended.
       */
      readonly grantIds?: readonly number[]
    } & AllocationRef)
  /** Offers were answered: their grants, by default all, hold nothing of the demand any more. */
  | ({ readonly type: 'answered'; readonly grantIds?: readonly number[] } & AllocationRef)
  /** Free resources are in use, whatever the gates say: of a claim that passed them, or of a task that was found. */
  | ({
      readonly type: 'take'
      readonly resources: ResourceSet
      /** Also when they are not free, as of a task that came back to an agent that got smaller. Default false. */
      readonly force?: boolean
    } & AllocationRef)
  /** Reservations or volumes changed within what the framework has, or, without one, within what is free. */
  | {
      readonly type: 'convert'
      readonly agent: string
      readonly framework?: string
      readonly role?: string
      readonly from: ResourceSet
      readonly to: ResourceSet
    }

/** Free resources that a framework wants to use at once. */
export interface ClaimRequest extends AllocationRef {
  readonly resources: ResourceSet
  /** These are amounts, and the chunks for them are to be picked, as by `ResourceSet.take`. Default: these chunks. */
  readonly pick?: boolean
}

/** Resources of an agent for a framework, to be offered. */
export interface Grant extends AllocationRef {
  /** Unique in its allocator. */
  readonly id: number
  readonly resources: ResourceSet
  /** `guarantee`: at least part of it was given as a guarantee. */
  readonly stage: 'guarantee' | 'share'
}
