import type { Cell, CellStatus, SlotRestartPolicy, Task } from '../../api/index.js'
import { TEMPLATE_HASH_LABEL } from '../../api/index.js'
import { formatTime, parseTime } from '../../core/index.js'
import type { Backoff } from '../../core/internal.js'
import { backoffMs } from '../../core/internal.js'
import type { RestartPolicy, RestartRecord } from '../slots/restart-policy.js'
import { decideRestart, NO_RESTARTS } from '../slots/restart-policy.js'

/** What a cell remembers of tasks that have ended. */
export type CellRecord = Pick<
  CellStatus,
  'failures' | 'attempted' | 'lastFailureTime' | 'phase' | 'restarts' | 'restartTime'
>

/** After so many times `maxMs` without an end the row is over. */
const FORGET_FACTOR = 2

/** The record with the tasks in it that have ended. Those of another revision than the present one do not count. */
export function noteEnded(
  { spec: { revision }, status }: Pick<Cell, 'spec' | 'status'>,
  ended: readonly Task[],
  { maxMs }: Backoff,
  nowMs: number,
): CellRecord {
  const fresh = ended.filter(({ metadata }) => metadata.labels[TEMPLATE_HASH_LABEL] === revision).length
  const { failures = 0, attempted, lastFailureTime } = status ?? {}
  const isKnown = attempted === revision && lastFailureTime !== undefined
  if (fresh === 0) {
    if (!isKnown) return { failures: 0 }
    // After a clock was put back the pause begins again, instead of lasting until it has caught up.
    const time = parseTime(lastFailureTime) > nowMs ? formatTime(nowMs) : lastFailureTime
    return { failures, attempted: revision, lastFailureTime: time }
  }
  const isOver = !isKnown || nowMs - parseTime(lastFailureTime) >= FORGET_FACTOR * maxMs
  return {
    failures: (isOver ? 0 : failures) + fresh,
    attempted: revision,
    lastFailureTime: formatTime(nowMs),
  }
}

/** When the next may be made: when its policy says so, or else after a pause that doubles. */
export function notBefore({ spec }: Pick<Cell, 'spec'>, record: CellRecord, backoff: Backoff): number {
  const { failures, lastFailureTime, restartTime } = record
  if (spec.restartPolicy !== undefined)
    return restartTime === undefined ? Number.NEGATIVE_INFINITY : parseTime(restartTime)
  return lastFailureTime === undefined
    ? Number.NEGATIVE_INFINITY
    : parseTime(lastFailureTime) + backoffMs(backoff, failures)
}

/**
 * The record of a cell with a restart policy, with the tasks in it that have ended since. Those of another revision than
 * the present one do not count, and a new revision begins without a record. What was decided by a policy that has changed
 * since is decided again: one that allows more starts what was given up, one that allows none ends the wait. Pure.
 *
 * @param ended the tasks that have ended and are not counted yet, in the order in which they ended
 */
export function noteRestarts(
  { spec, status }: Pick<Cell, 'spec' | 'status'>,
  ended: readonly Task[],
  nowMs: number,
): CellRecord {
  const { revision, restartPolicy: policy = {}, completes: isJob = false } = spec
  const isKnown = status?.attempted === revision
  const inMs = millisecondsOf(policy)
  let { failures = 0, lastFailureTime } = isKnown ? status : {}
  let { phase, restarts, restartAtMs } = isKnown ? decidedAgain(status, inMs, { isJob, nowMs }) : UNDECIDED
  for (const task of ended) {
    if (task.metadata.labels[TEMPLATE_HASH_LABEL] !== revision) continue
    const succeeded = task.status?.phase === 'Succeeded'
    const decision = decideRestart(inMs, restarts, { succeeded, atMs: nowMs, isJob })
    const isDone = succeeded && (isJob || (policy.condition ?? 'any') !== 'any')
    ;({ restartAtMs, record: restarts } = decision)
    phase = restartAtMs === undefined ? (isDone ? 'Complete' : 'Stopped') : undefined
    if (isDone) continue
    failures += 1
    lastFailureTime = formatTime(nowMs)
  }
  const isNew = failures === 0 && phase === undefined && restarts.total === 0
  return {
    failures,
    ...(isNew ? {} : { attempted: revision }),
    ...(lastFailureTime === undefined ? {} : { lastFailureTime }),
    ...(phase === undefined ? {} : { phase }),
    ...(restarts.total === 0 ? {} : { restarts: statusOf(restarts) }),
    ...(restartAtMs === undefined || restartAtMs <= nowMs ? {} : { restartTime: formatTime(restartAtMs) }),
  }
}

/** What follows for a cell whose tasks have ended. */
interface Standing {
  readonly phase: CellStatus['phase']
  readonly restarts: RestartRecord
  readonly restartAtMs: number | undefined
}

const UNDECIDED: Standing = { phase: undefined, restarts: NO_RESTARTS, restartAtMs: undefined }

/**
 * The standing of a cell by the present policy. An end is judged by its own time, so that the same policy says the same as
 * it did then, however long ago that was.
 */
function decidedAgain(
  status: CellStatus,
  policy: RestartPolicy,
  { isJob, nowMs }: { readonly isJob: boolean; readonly nowMs: number },
): Standing {
  const { phase, restartTime, lastFailureTime } = status
  const restarts = recordOf(status)
  if (phase !== undefined) {
    const succeeded = phase === 'Complete'
    const atMs = succeeded || lastFailureTime === undefined ? nowMs : parseTime(lastFailureTime)
    const { restartAtMs, record } = decideRestart(policy, restarts, { succeeded, atMs, isJob })
    return restartAtMs === undefined
      ? { phase, restarts, restartAtMs }
      : { phase: undefined, restarts: record, restartAtMs }
  }
  if (restartTime === undefined) return { phase, restarts, restartAtMs: undefined }
  if (policy.condition === 'none') return { phase: 'Stopped', restarts, restartAtMs: undefined }
  return { phase, restarts, restartAtMs: cappedTime(parseTime(restartTime), policy, nowMs) }
}

/** After a clock was put back the delay begins again, instead of lasting until it has caught up. */
function cappedTime(restartAtMs: number, policy: RestartPolicy, nowMs: number): number {
  const { restartAtMs: latest = nowMs } = decideRestart(policy, NO_RESTARTS, {
    succeeded: false,
    atMs: nowMs,
  })
  return Math.min(restartAtMs, latest)
}

function millisecondsOf({
  condition,
  delaySeconds,
  maxAttempts,
  windowSeconds,
}: SlotRestartPolicy): RestartPolicy {
  return {
    ...(condition === undefined ? {} : { condition }),
    ...(delaySeconds === undefined ? {} : { delayMs: delaySeconds * 1000 }),
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(windowSeconds === undefined ? {} : { windowMs: windowSeconds * 1000 }),
  }
}

function recordOf({ restarts }: CellStatus): RestartRecord {
  return restarts === undefined
    ? NO_RESTARTS
    : { total: restarts.total, timesMs: (restarts.times ?? []).map(time => parseTime(time)) }
}

function statusOf({ total, timesMs }: RestartRecord): NonNullable<CellStatus['restarts']> {
  return timesMs.length === 0 ? { total } : { total, times: timesMs.map(time => formatTime(time)) }
}
