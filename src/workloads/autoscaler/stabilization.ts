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
  // Texts of one form are in the order of their times.
  const [upSince, downSince] = [formatTime(nowMs - upMs), formatTime(nowMs - downMs)]
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
  { upMs, downMs, syncMs }: StabilizationWindows & { readonly syncMs: number },
  nowMs: number,
): RecommendationRecord {
  const { recommendation: last, recommendations = [] } = before
  const now = formatTime(nowMs)
  const older = recommendations.map(one => notLater(one, now))
  if (last !== undefined && last.replicas === replicas)
    return {
      recommendation: notLater(last, now),
      ...(older.length === 0 ? {} : { recommendations: older }),
    }
  if (last !== undefined) {
    const saidMs = Math.max(Math.min(parseTime(last.time), nowMs), nowMs - syncMs)
    older.push({ replicas: last.replicas, time: formatTime(saidMs) })
  }
  const since = formatTime(nowMs - Math.max(upMs, downMs))
  const kept: ScaleRecommendation[] = []
  let [most, least] = [replicas, replicas]
  for (const one of older.toReversed()) {
    if (one.time <= since || kept.length === KEPT_MAX) break
    if (one.replicas <= most && one.replicas >= least) continue
    kept.unshift(one)
    most = Math.max(most, one.replicas)
    least = Math.min(least, one.replicas)
  }
  const recommendation = { replicas, time: now }
  return { recommendation, ...(kept.length === 0 ? {} : { recommendations: kept }) }
}

/** A clock that was put back begins it again. */
function notLater(one: ScaleRecommendation, now: string): ScaleRecommendation {
  return one.time > now ? { ...one, time: now } : one
}
