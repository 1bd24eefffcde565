import type { Reader } from '../../../store/index.js'

/**
 * What every reconciler should keep; none needs code of the user's.
 *
 * - `converges`: at rest no key fails for ever, nothing stays half deleted, and the state is the same for every order of events, every crash and every detour of the user.
 * - `idempotent`: at rest, a process that starts anew writes nothing.
 * - `noHotLoop`: the world comes to rest: nothing is written, or run, again and again without anything having happened.
 * - `noOrphans`: when all given objects are deleted, nothing is left of what was made for them.
 * - `observedGeneration`: of one object, never falls and is never ahead of its generation.
 * - `keepsOthersWrites`: what somebody else has written meanwhile is not overwritten.
 * - `always`, `atRest`: what the options add.
 * - `noStrayWork`: an attempt waits only for what the simulator can move, and nothing writes after a stop.
 */
export type InvariantName =
  | 'converges'
  | 'idempotent'
  | 'noHotLoop'
  | 'noOrphans'
  | 'observedGeneration'
  | 'keepsOthersWrites'
  | 'noStrayWork'
  | 'always'
  | 'atRest'

/** Something that should hold, by the name that a failure calls it. The reader shows everything that was committed. */
export type Expectations = Readonly<Record<string, (reader: Reader) => boolean>>

/** What was not kept. */
export interface Violation {
  readonly invariant: InvariantName
  readonly message: string
}
