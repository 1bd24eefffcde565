import type { Client, ObjectRef } from '../../store/index.js'
import type { LeaderElectionOptions } from './election-options.js'
import { completeElectionOptions } from './election-options.js'
import { CandidateLoop } from './elector.js'
import type { Leadership } from './leadership.js'

/** What a candidate tells its owner. */
export interface ElectionListener {
  /** A reign begins. */
  leads(leadership: Leadership): void
  /** The candidate is about to resign and goes on renewing until this resolves: finish what is under way. */
  drain?(leadership: Leadership): Promise<void>
  /** A reign is over and its client writes no more. The next one begins when this has resolved at the earliest. */
  stopped?(why: string): Promise<void> | void
}

/** What a candidate says about itself. */
export interface ElectionStatus {
  readonly lease: ObjectRef
  readonly identity: string
  readonly leading: boolean
  /** Of the reign of this candidate. */
  readonly term?: number
  /** Who held the lease when this candidate last looked. */
  readonly holder?: string
  /** How long ago the lease was renewed, in ms: by this candidate if it leads, else as it saw. */
  readonly sinceRenewalMs?: number
}

/** A candidate in an election. */
export interface Elector {
  /** Undefined unless this candidate leads at this very moment. */
  readonly leadership: Leadership | undefined
  /**
   * Begins to campaign, and campaigns again after each reign. Resolves after the first look at the lease: this
   * candidate leads by then, or another does, or the store did not answer.
   *
   * @throws UsageError when called twice
   */
  start(): Promise<void>
  /**
   * Drains, resigns and leaves the lease to `heir`, or to whoever comes first. Others wait for the heir for their
   * lease duration. Without effect unless leading.
   */
  handOver(heir?: string): Promise<void>
  /** Drains, resigns if leading, and campaigns no more. Idempotent. */
  stop(): Promise<void>
  status(): ElectionStatus
}

/**
 * Makes a candidate. The algorithm is client-go's (`tools/leaderelection`): the lease is renewed every
 * `retryPeriodMs`; a leader that cannot stops by itself after `retryPeriodMs + renewDeadlineMs`; others take a lease
 * that they saw unchanged for its whole duration, by their own clock. Beyond it: a fence keeps the writes of an older
 * term out of the store, a watch makes a released lease change hands at once, and a candidate of higher priority is
 * let in.
 *
 * Guarantees: two candidates never lead at the same time as long as their clocks run at the same rate; even then no
 * write of an older term is committed after the first of a later one.
 *
 * @throws InvalidError when an option is out of bounds
 *
 * @example
 * ```ts
 * import { Lease } from 'keelson/api'
 * import { createElector } from 'keelson/reconcile'
 * import { createStore } from 'keelson/store'
 *
 * const store = createStore({ kinds: [Lease] })
 * const term = await new Promise<number>(resolve => {
 *   const elector = createElector(store, { kind: Lease, lease: 'example', identity: 'a' }, {
 *     leads: leadership => {
 *       resolve(leadership.term)
 *       void elector.stop()
 *     },
 *   })
 *   void elector.start()
 * })
 * if (term !== 1) throw new Error(`the first term is ${term}`)
 * ```
 */
export function createElector(
  client: Client,
  options: LeaderElectionOptions,
  listener: ElectionListener,
): Elector {
  return new CandidateLoop(client, completeElectionOptions(options), listener)
}
