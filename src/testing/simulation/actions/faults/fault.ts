import type { ActionOf } from '../../world/action-of.js'
import type { Situation } from '../situation.js'

/** Something that may go wrong in a simulation. */
export interface Fault<Kind extends string = string> {
  readonly kind: Kind
  /** Most often in one execution, unless the options say otherwise; 0 for one that must be asked for. */
  readonly times: number
  /** The same in an exhaustive search, where few faults are a lot. Default 0. */
  readonly timesExhaustive?: number
  /** What happens, as the guide says it. */
  readonly says: string
  /** Not tried unasked where one process runs. */
  readonly ofSeveral?: true
  /** Possible in few places only, so that it must be likely there. */
  readonly isRare?: true
  /** Where it is possible now. */
  readonly offers: (situation: Situation) => readonly ActionOf<Kind>[]
}
