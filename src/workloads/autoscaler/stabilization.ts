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
  const older = recommendations.some(({ time }) => time > now)
    ? recommendations.map(one => notLater(one, now))
    : recommendations
  if (last !== undefined && last.replicas === replicas)
    return {
      recommendation: notLater(last, now),
      ...(older.length === 0 ? {} : { recommendations: older }),
    }
  const since = formatTime(nowMs - Math.max(upMs, downMs))
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
  let isRecent = last === undefined || keep({ replicas: last.replicas, time: saidLast(last, syncMs, nowMs) })
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
function saidLast({ time }: ScaleRecommendation, syncMs: number, nowMs: number): string {
  return formatTime(Math.max(Math.min(parseTime(time), nowMs), nowMs - syncMs))
}

/** A clock that was put back begins it again. */
function notLater(one: ScaleRecommendation, now: string): ScaleRecommendation {
  return one.time > now ? { ...one, time: now } : one
}
