import type { Offers } from '../../world/action-of.js'
import type { Incidents } from '../../world/incidents.js'
import type { User } from '../../world/user.js'
import type { World } from '../../world/world.js'

/** Where a world is, for those who say what may happen next. */
export interface Situation {
  readonly world: World
  readonly user: User
  readonly incidents: Incidents
  /** Quiet when timers fire and lead to nothing: then the world counts as at rest. */
  readonly activity: { readonly isQuiet: boolean }
  /** True when something can happen before time passes. */
  readonly isBusy: boolean
  /** True when nothing is left to do. */
  readonly isAtRest: boolean
}

/** Something that may go wrong in a simulation. */
export interface Fault<Kind extends string = string> {
  readonly kind: Kind
  /** Most often in one execution, unless the options say otherwise; 0 for one that must be asked for. */
  readonly times: number
  /** The same in an exhaustive search, where few faults are a lot. Default 0. */
  readonly timesExhaustive?: number
  /** True when an exhaustive search has it at rest all the same, in the executions that it plans first. */
  readonly isPlannedAtRest?: true
  /** What happens, as the guide says it. */
  readonly says: string
  /** Not tried unasked where one process runs. */
  readonly ofSeveral?: true
  /**
   * How often it is left out of executions that are drawn, in which it would take too much room: `mostly`, or `unasked`,
   * when the options do not name it. It is planned, too. Default: of every other one.
   */
  readonly isLeftOut?: 'mostly' | 'unasked'
  /** Possible in few places only, so that it must be likely there. */
  readonly isRare?: true
  /** Where it is possible now. */
  readonly offers: (situation: Situation) => Offers<Kind>
}
