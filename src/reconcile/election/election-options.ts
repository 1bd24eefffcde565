import { InvalidError } from '../../core/index.js'
import { assertKnown, knownOptions, wholeNumber } from '../../core/internal.js'
import type { ObjectRef } from '../../store/index.js'
import type { ElectionKind } from './election-lease.js'

/** How a candidate takes part in an election. */
export interface LeaderElectionOptions {
  /** `Lease` of `keelson/api`, or a kind with the same spec. */
  readonly kind: ElectionKind
  /**
   * Names the election: the object that the candidates compete for. A name alone is in the namespace `default`.
   * A second object of the kind, named `<name>-term`, is written by each acquisition and by nothing else: the fence.
   */
  readonly lease: string | ObjectRef
  /** Who this candidate is, for people. Two candidates of one identity still exclude each other. */
  readonly identity: string
  /** A leader of lower priority resigns for this candidate. A whole number. Default 0. */
  readonly priority?: number
  /** How long others wait for a silent leader, in ms. Default 15,000. */
  readonly leaseDurationMs?: number
  /** How long one round of renewing may take, in ms, less than `leaseDurationMs`. Default 10,000. */
  readonly renewDeadlineMs?: number
  /**
   * Pause between renewals, in ms, less than `renewDeadlineMs` / 1.2. Candidates wait up to 2.2 times as long. Default
   * 2,000.
   */
  readonly retryPeriodMs?: number
}

/** The same with nothing left out. */
export interface ElectionSettings extends Required<Omit<LeaderElectionOptions, 'lease'>> {
  readonly lease: ObjectRef
  readonly term: ObjectRef
}

/** client-go's `JitterFactor`: a candidate's pause is 1 to 2.2 times `retryPeriodMs`. */
export const RETRY_JITTER = 1.2

const ELECTION_OPTIONS = /* @__PURE__ */ knownOptions<LeaderElectionOptions>('leaderElection', {
  kind: true,
  lease: true,
  identity: true,
  priority: true,
  leaseDurationMs: true,
  renewDeadlineMs: true,
  retryPeriodMs: true,
})

/**
 * @throws UsageError for an option that would be ignored
 * @throws InvalidError which names every setting out of bounds (client-go's rules, `NewLeaderElector`)
 */
export function completeElectionOptions(options: LeaderElectionOptions): ElectionSettings {
  assertKnown(options, ELECTION_OPTIONS)
  const {
    kind,
    identity,
    priority = 0,
    leaseDurationMs = 15_000,
    renewDeadlineMs = 10_000,
    retryPeriodMs = 2_000,
  } = options
  const lease = typeof options.lease === 'string' ? { name: options.lease } : options.lease
  const ref = kind.namespaced ? { namespace: 'default', ...lease } : lease
  const problems: { field: string; value: unknown; message: string }[] = []
  const check = (field: string, value: unknown, isRight: boolean, message: string): void => {
    if (!isRight) problems.push({ field, value, message })
  }
  const isTime = (ms: number): boolean => Number.isFinite(ms) && ms > 0
  check('identity', identity, identity !== '', 'must not be empty')
  problems.push(...wholeNumber('priority', priority, { min: Number.MIN_SAFE_INTEGER }))
  check('leaseDurationMs', leaseDurationMs, isTime(leaseDurationMs), 'must be a finite number above 0')
  check('retryPeriodMs', retryPeriodMs, isTime(retryPeriodMs), 'must be a finite number above 0')
  check(
    'renewDeadlineMs',
    renewDeadlineMs,
    isTime(renewDeadlineMs) && renewDeadlineMs < leaseDurationMs,
    `must be above 0 and less than leaseDurationMs (${leaseDurationMs})`,
  )
  check(
    'renewDeadlineMs',
    renewDeadlineMs,
    renewDeadlineMs > retryPeriodMs * RETRY_JITTER,
    `must exceed ${RETRY_JITTER} times retryPeriodMs (${retryPeriodMs})`,
  )
  if (problems.length > 0) throw new InvalidError(`leader election ${ref.name}`, problems)
  const term = { ...ref, name: `${ref.name}-term` }
  return { kind, lease: ref, term, identity, priority, leaseDurationMs, renewDeadlineMs, retryPeriodMs }
}
