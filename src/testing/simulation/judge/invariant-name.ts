/**
 * What every reconciler should keep; none needs code of the user's.
 *
 * - `converges`: at rest no key keeps failing, nothing stays half deleted, and the state is the same for every order
 *   of events and every fault.
 * - `crashConvergent`: `converges`, when crashes alone are enough to break it.
 * - `historyInsensitive`: `converges`, when edits and deletions that were taken back are enough to break it.
 * - `idempotent`: at rest, a second look at each key, by the same process, writes nothing.
 * - `levelTriggered`: at rest, a process that restarts a day later writes nothing.
 * - `noHotLoop`: the world comes to rest: nothing is written, or run, again and again without anything having happened.
 *   A step that computes or sleeps for more than `stepTimeoutMs` ends the process, and says where it was.
 * - `noOrphans`: when all given objects are deleted, nothing is left of what was made for them.
 * - `noLeaks`: looks at a world at rest leave nothing behind: keys in the queue, timers, steps, open watches; after a
 *   stop there are none.
 * - `observedGeneration`: of one object, never falls, is never ahead of its generation, nor of the spec that its writer
 *   could have seen, and has reached its generation at rest.
 * - `keepsOthersWrites`: what somebody else has written meanwhile is not overwritten.
 * - `noStrayWork`: nothing is started at the host (timers, sockets, files, threads), an attempt waits only for what the
 *   simulator can move, and a stop comes to its end.
 * - `noFloatingPromises`: no attempt returns while a write of it is under way, and no promise is rejected that nobody
 *   awaits.
 * - `noWriteAfterStop`: a process that has stopped writes nothing.
 * - `noWriteAfterFence`: what a process writes as a leader, it writes no more when another one leads.
 */
export type InvariantName = (typeof INVARIANT_NAMES)[number]

export const INVARIANT_NAMES = [
  'converges',
  'crashConvergent',
  'historyInsensitive',
  'idempotent',
  'levelTriggered',
  'noHotLoop',
  'noOrphans',
  'noLeaks',
  'observedGeneration',
  'keepsOthersWrites',
  'noStrayWork',
  'noFloatingPromises',
  'noWriteAfterStop',
  'noWriteAfterFence',
] as const
