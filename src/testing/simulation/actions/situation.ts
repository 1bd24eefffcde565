import type { Incidents } from '../world/incidents.js'
import type { User } from '../world/user.js'
import type { World } from '../world/world.js'

/** Where a world is, for those who say what may happen next. */
export interface Situation {
  readonly world: World
  readonly user: User
  readonly incidents: Incidents
  /** Quiet when timers fire and lead to nothing: then the world counts as at rest. */
  readonly activity: { readonly isQuiet: boolean }
  /** True when something can happen without time going on. */
  readonly isBusy: boolean
}
