import type { FieldProblem } from '../../core/index.js'
import { formatTime, InvalidError, parseTime } from '../../core/index.js'
import type { PropagationPolicy } from '../object/finalizer-list.js'
import { addedFinalizers, finalizersUnder } from '../object/finalizer-list.js'
import type { ObjectMeta, ObjectMetaInput, StoredObject } from '../object/object.js'
import type { DeleteOptions } from './write-options.js'

/** The longest grace period, 68 years; more does not fit the timestamps of every backend. */
const GRACE_PERIOD_MAX = 2 ** 31 - 1

const POLICIES: readonly unknown[] = ['Background', 'Foreground', 'Orphan']

/** What a delete does to an object. */
export type DeletionStep =
  | { readonly kind: 'remove' }
  /** The object stays, with these marks. */
  | ({ readonly kind: 'mark' } & DeletionMarks)
  /** A grace period is running and stays as it is. */
  | { readonly kind: 'waiting' }

/** What a stored object says about its deletion. */
export interface DeletionMarks {
  readonly deletionTimestamp: string
  readonly deletionGracePeriodSeconds: number
  readonly finalizers: readonly string[]
}

/** What is asked for, and when. */
export interface DeletionRequest {
  readonly gracePeriodSeconds: number | undefined
  readonly propagationPolicy: PropagationPolicy | undefined
  /** Of the kind; undefined for a kind without grace periods. */
  readonly defaultGraceSeconds: number | undefined
  readonly nowMs: number
}

/**
 * The deletion state machine. An object goes at once, unless finalizers hold it or a grace period runs; then it is
 * marked and stays. A running grace period can only be shortened, and never ends in the past; zero ends it.
 */
export function decideDeletion({ metadata }: StoredObject, request: DeletionRequest): DeletionStep {
  const { defaultGraceSeconds, propagationPolicy, nowMs } = request
  const { deletionTimestamp, deletionGracePeriodSeconds: running = 0 } = metadata
  const asked = defaultGraceSeconds === undefined ? 0 : atLeastOneIfNegative(request.gracePeriodSeconds)
  if (running > 0 && (asked === undefined || asked >= running)) return { kind: 'waiting' }
  const begun = deletionTimestamp === undefined ? undefined : parseTime(deletionTimestamp) - running * 1000
  const graceSeconds = begun !== undefined && running === 0 ? 0 : (asked ?? defaultGraceSeconds ?? 0)
  const finalizers = finalizersUnder(propagationPolicy, metadata.finalizers)
  if (graceSeconds === 0) {
    if (finalizers.length === 0) return { kind: 'remove' }
    const since = deletionTimestamp === undefined || running > 0 ? formatTime(nowMs) : deletionTimestamp
    return { kind: 'mark', deletionTimestamp: since, deletionGracePeriodSeconds: 0, finalizers }
  }
  const dueMs = (begun ?? nowMs) + graceSeconds * 1000
  const overdue = dueMs < nowMs
  return {
    kind: 'mark',
    deletionTimestamp: formatTime(overdue ? nowMs : dueMs),
    // Zero would end it at once, which was not asked for.
    deletionGracePeriodSeconds: overdue ? 1 : graceSeconds,
    finalizers,
  }
}

function atLeastOneIfNegative(seconds: number | undefined): number | undefined {
  return seconds !== undefined && seconds < 0 ? 1 : seconds
}

/** @throws InvalidError for an unknown policy or an invalid grace period */
export function assertDeleteOptions(options: DeleteOptions, subject: string): void {
  const { gracePeriodSeconds: seconds, propagationPolicy } = options
  const problems: FieldProblem[] = []
  if (seconds !== undefined && (!Number.isSafeInteger(seconds) || seconds > GRACE_PERIOD_MAX)) {
    const message = `must be a whole number of seconds, at most ${GRACE_PERIOD_MAX}`
    problems.push({ field: 'gracePeriodSeconds', value: seconds, message })
  }
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    const message = `must be one of ${POLICIES.join(', ')}`
    problems.push({ field: 'propagationPolicy', value: propagationPolicy, message })
  }
  if (problems.length > 0) throw new InvalidError(`deletion of ${subject}`, problems)
}

/** True when this update takes the last finalizer from an object whose deletion waits for nothing else. */
export function completesDeletion(before: ObjectMeta, finalizers: readonly string[]): boolean {
  return (
    before.deletionTimestamp !== undefined &&
    (before.deletionGracePeriodSeconds ?? 0) === 0 &&
    finalizers.length === 0
  )
}

/**
 * Faults of an update against the state of the deletion: the marks are the store's own. Left out, they are
 * kept; changed, they are refused.
 */
export function deletionProblems(
  before: ObjectMeta,
  input: ObjectMetaInput,
  finalizers: readonly string[],
): readonly FieldProblem[] {
  const { deletionTimestamp, deletionGracePeriodSeconds } = input
  const problems: FieldProblem[] = []
  // By their names: to read in a loop what two names stand for costs more than all the rest of it.
  if (isOther(deletionTimestamp, before.deletionTimestamp))
    problems.push(ownMark('deletionTimestamp', deletionTimestamp))
  if (isOther(deletionGracePeriodSeconds, before.deletionGracePeriodSeconds))
    problems.push(ownMark('deletionGracePeriodSeconds', deletionGracePeriodSeconds))
  if (before.deletionTimestamp === undefined) return problems
  return [...problems, ...addedFinalizers(before.finalizers, finalizers)]
}

/** From code without types, null is as good as absent. */
function isOther(value: unknown, before: unknown): boolean {
  return value !== undefined && value !== null && value !== before
}

function ownMark(field: keyof DeletionMarks, value: unknown): FieldProblem {
  return { field: `metadata.${field}`, value, message: 'is set by the store only; use delete' }
}
