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
 * the present one do not count, and a new revision begins without a record. Pure.
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
  const { restartTime } = isKnown ? status : {}
  let { failures = 0, phase } = isKnown ? status : {}
  let restarts = isKnown ? recordOf(status) : NO_RESTARTS
  let lastFailureTime = isKnown ? status.lastFailureTime : undefined
  const inMs = millisecondsOf(policy)
  let restartAtMs = restartTime === undefined ? undefined : cappedTime(parseTime(restartTime), inMs, nowMs)
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
