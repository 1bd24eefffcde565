import type { ObjectRef } from '../../store/index.js'
import type { StopOptions } from '../stop-report.js'
import type { Leadership } from './leadership.js'

/** What a candidate tells its owner. What a method throws is logged, and ends no candidacy. */
export interface ElectionListener {
  /** A reign begins. When it throws, the candidate resigns, and campaigns again later. */
  leads(leadership: Leadership): void
  /** The candidate is about to resign and keeps renewing until this resolves: finish what is under way. */
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
   * Errors: what the store says of a kind that it does not know, and `ClosedError`.
   *
   * @throws UsageError when called twice
   */
  start(): Promise<void>
  /**
   * Drains, resigns and leaves the lease to `heir`, or to whoever comes first. Others wait for the heir for their
   * lease duration. Without effect unless leading.
   */
  handOver(heir?: string): Promise<void>
  /**
   * Drains, for the grace period at most, resigns if leading, and campaigns no more. Idempotent.
   *
   * Guarantees: resolves within the grace period and one `renewDeadlineMs`, whatever the store and the listener do.
   */
  stop(options?: StopOptions): Promise<void>
  /** Who leads, as far as it knows. */
  status(): ElectionStatus
}
