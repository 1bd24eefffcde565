import type { HorizontalAutoscalerStatus, ScaleRecommendation } from '../../api/index.js'
import { formatTime, parseTime } from '../../core/index.js'

/** Recommendations that are kept at most; the oldest go. */
const KEPT_MAX = 256

/** How long recommendations count in each direction, ms. */
export interface StabilizationWindows {
  readonly upMs: number
  readonly downMs: number
}

/**
 * What is wanted when the recommendations of a while count too: no more than the least of the window upwards, no less than
 * the most of the window downwards; between both nothing changes. Source: Kubernetes'
 * `stabilizeRecommendationWithBehaviors`.
 */
export function stabilize(
  { current, desired }: { readonly current: number; readonly desired: number },
  recommendations: readonly ScaleRecommendation[],
  { upMs, downMs }: StabilizationWindows,
  nowMs: number,
): number {
  let [most, least] = [desired, desired]
  for (const { replicas, time } of recommendations) {
    const ageMs = nowMs - parseTime(time)
    if (ageMs < upMs) least = Math.min(least, replicas)
    if (ageMs < downMs) most = Math.max(most, replicas)
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
  { upMs, downMs, syncMs }: StabilizationWindows & { readonly syncMs: number },
  nowMs: number,
): RecommendationRecord {
  const { recommendation: last, recommendations = [] } = before
  const older = recommendations.map(one => notLater(one, nowMs))
  if (last !== undefined && last.replicas === replicas)
    return {
      recommendation: notLater(last, nowMs),
      ...(older.length === 0 ? {} : { recommendations: older }),
    }
  if (last !== undefined) {
    const saidMs = Math.max(Math.min(parseTime(last.time), nowMs), nowMs - syncMs)
    older.push({ replicas: last.replicas, time: formatTime(saidMs) })
  }
  const sinceMs = nowMs - Math.max(upMs, downMs)
  const kept: ScaleRecommendation[] = []
  let [most, least] = [replicas, replicas]
  for (const one of older.toReversed()) {
    if (parseTime(one.time) <= sinceMs || kept.length === KEPT_MAX) break
    if (one.replicas <= most && one.replicas >= least) continue
    kept.unshift(one)
    most = Math.max(most, one.replicas)
    least = Math.min(least, one.replicas)
  }
  const recommendation = { replicas, time: formatTime(nowMs) }
  return { recommendation, ...(kept.length === 0 ? {} : { recommendations: kept }) }
}

/** A clock that was put back begins it again. */
function notLater(one: ScaleRecommendation, nowMs: number): ScaleRecommendation {
  return parseTime(one.time) > nowMs ? { ...one, time: formatTime(nowMs) } : one
}
