import type { HorizontalAutoscalerStatus, ScaleRecommendation } from '../../api/index.js'
import { formatTime, parseTime } from '../../core/index.js'

/** Recommendations that are kept at most; the oldest go. */
const KEPT_MAX = 256

/** The times within which recommendations count at one look, as texts: those of one form are in the order of their times. */
export interface StabilizationWindows {
  readonly now: string
  readonly upSince: string
  readonly downSince: string
}

/** @param upMs how long recommendations count upwards, and `downMs` downwards */
export function windowsAt(
  { upMs, downMs }: { readonly upMs: number; readonly downMs: number },
  nowMs: number,
): StabilizationWindows {
  const now = formatTime(nowMs)
  const since = (ms: number): string => (ms === 0 ? now : formatTime(nowMs - ms))
  return { now, upSince: since(upMs), downSince: since(downMs) }
}

/**
 * What is wanted when the recommendations of a while count too: no more than the least of the window upwards, no less than
 * the most of the window downwards; between both nothing changes. Source: Kubernetes'
 * `stabilizeRecommendationWithBehaviors`.
 */
export function stabilize(
  { current, desired }: { readonly current: number; readonly desired: number },
  recommendations: readonly ScaleRecommendation[],
  { upSince, downSince }: StabilizationWindows,
): number {
  let [most, least] = [desired, desired]
  for (const { replicas, time } of recommendations) {
    if (time > upSince) least = Math.min(least, replicas)
    if (time > downSince) most = Math.max(most, replicas)
  }
  return Math.min(Math.max(current, least), most)
}

/** What is kept of recommendations. */
export type RecommendationRecord = Pick<HorizontalAutoscalerStatus, 'recommendation' | 'recommendations'>

/**
 * The record with what is recommended now. One that is said again and again is one entry, with the time since when, so
 * that nothing is written while nothing changes; when another takes its place, it was said last a `syncMs` ago. What no
 * window can ask for any more is dropped then: what is too old, and what newer ones on both sides cover.
 */
export function noteRecommendation(
  before: RecommendationRecord,
  replicas: number,
  { now, upSince, downSince }: StabilizationWindows,
  syncMs: number,
): RecommendationRecord {
  const { recommendation: last, recommendations = [] } = before
  const older = recommendations.some(({ time }) => time > now)
    ? recommendations.map(one => notLater(one, now))
    : recommendations
  if (last !== undefined && last.replicas === replicas)
    return {
      recommendation: notLater(last, now),
      ...(older.length === 0 ? {} : { recommendations: older }),
    }
  const since = upSince < downSince ? upSince : downSince
  const newestFirst: ScaleRecommendation[] = []
  let [most, least] = [replicas, replicas]
  /** False when it is too old, and so are those before it. */
  const keep = (one: ScaleRecommendation): boolean => {
    if (one.time <= since || newestFirst.length === KEPT_MAX) return false
    if (one.replicas <= most && one.replicas >= least) return true
    newestFirst.push(one)
    most = Math.max(most, one.replicas)
    least = Math.min(least, one.replicas)
    return true
  }
  let isRecent = last === undefined || keep({ replicas: last.replicas, time: saidLast(last, syncMs, now) })
  for (let at = older.length - 1; at >= 0 && isRecent; at -= 1) {
    const one = older[at]
    if (one !== undefined) isRecent = keep(one)
  }
  const recommendation = { replicas, time: now }
  return {
    recommendation,
    ...(newestFirst.length === 0 ? {} : { recommendations: newestFirst.reverse() }),
  }
}

/** When it was said last, if another one takes its place now. */
function saidLast({ time }: ScaleRecommendation, syncMs: number, now: string): string {
  const nowMs = parseTime(now)
  return formatTime(Math.max(Math.min(parseTime(time), nowMs), nowMs - syncMs))
}

/** A clock that was put back begins it again. */
function notLater(one: ScaleRecommendation, now: string): ScaleRecommendation {
  return one.time > now ? { ...one, time: now } : one
}
