import type { Quantities } from '../resources/quantities.js'
import type { ResourceSet } from '../resources/resource-set.js'
import type { OfferProblem } from './offer.js'

/** A task to be launched. */
export interface LaunchSpec {
  /**
   * Unique among the framework's tasks whose end is not acknowledged, or whose launch the driver has not answered. At most
   * 256 characters.
   */
  readonly id: string
  readonly name?: string
  /** Where it is to run, to be on the safe side: one that is meant for another agent fails. */
  readonly agent?: string
  /** What it takes; concrete chunks are chosen, its role's reservations first. */
  readonly need: Quantities
  /** Concrete chunks instead, such as a volume or certain ports. */
  readonly take?: ResourceSet
  /** Passed on to whoever runs it. JSON. */
  readonly data?: unknown
  readonly kill?: { readonly graceMs?: number }
}

/** Launches tasks, each on its own: one that does not fit fails alone. */
export interface LaunchOperation {
  readonly op: 'launch'
  readonly tasks: readonly LaunchSpec[]
}

/** Launches all of the tasks or none. */
export interface LaunchGroupOperation {
  readonly op: 'launchGroup'
  readonly tasks: readonly LaunchSpec[]
  /** What the group takes beside its tasks; belongs to the first one. */
  readonly overhead?: Quantities
}

/**
 * Launches all of the tasks or none, over offers of several agents: each on the agent that it names, or on the first
 * offer that has room. A call has gangs only, or none.
 */
export interface LaunchGangOperation {
  readonly op: 'launchGang'
  readonly tasks: readonly LaunchSpec[]
}

/** Turns unreserved, or less deeply reserved, resources into these. */
export interface ReserveOperation {
  readonly op: 'reserve'
  readonly resources: ResourceSet
}

/** Takes the innermost layer off. */
export interface UnreserveOperation {
  readonly op: 'unreserve'
  readonly resources: ResourceSet
}

/** Turns reserved disk into volumes. */
export interface CreateOperation {
  readonly op: 'create'
  readonly volumes: ResourceSet
}

/** Turns volumes that nobody uses back into reserved disk. */
export interface DestroyOperation {
  readonly op: 'destroy'
  readonly volumes: ResourceSet
}

/** Adds disk to a volume. It can be used with the next offer. */
export interface GrowOperation {
  readonly op: 'grow'
  readonly volume: ResourceSet
  readonly addition: ResourceSet
}

/** Takes so many MB from a volume. It can be used with the next offer. */
export interface ShrinkOperation {
  readonly op: 'shrink'
  readonly volume: ResourceSet
  readonly by: number
}

/** What can be done with an offer. */
export type Operation =
  | LaunchOperation
  | LaunchGroupOperation
  | LaunchGangOperation
  | ReserveOperation
  | UnreserveOperation
  | CreateOperation
  | DestroyOperation
  | GrowOperation
  | ShrinkOperation

/** A task that was not launched, and why. */
export interface FailedLaunch {
  readonly id: string
  readonly problem: OfferProblem
}

/** What became of an operation. */
export type Outcome<O extends Operation> = O extends LaunchOperation
  ? { readonly op: 'launch'; readonly launched: readonly string[]; readonly failed: readonly FailedLaunch[] }
  : O extends LaunchGroupOperation
    ? { readonly op: 'launchGroup'; readonly launched: readonly string[]; readonly problem?: OfferProblem }
    : O extends LaunchGangOperation
      ? {
          readonly op: 'launchGang'
          readonly launched: readonly { readonly id: string; readonly agent: string }[]
          readonly problem?: OfferProblem
        }
      : {
          readonly op: Exclude<O['op'], 'launch' | 'launchGroup' | 'launchGang'>
          readonly ok: boolean
          readonly problem?: OfferProblem
        }

/** Outcomes in the order of the operations, each of its type. */
export type Outcomes<T extends readonly Operation[]> = { readonly [K in keyof T]: Outcome<T[K]> }
