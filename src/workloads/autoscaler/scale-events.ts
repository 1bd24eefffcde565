import type { ScaleEvent } from '../../api/index.js'
import { parseTime } from '../../core/index.js'

/** Most changes that are kept; with the default of 15 s between two looks, periods of half an hour have 120. */
const EVENTS_MAX = 256

/**
 * The changes that policies count, no more than 256 of them. Of more, neighbours become one change at the later of their
 * times, those first whose time together is least for their age: so what is recent stays exact, no period forgets a change,
 * and each counts at most a few percent of the period longer. Pure.
 *
 * @param events oldest first
 */
export function boundedScaleEvents(events: readonly ScaleEvent[], nowMs: number): readonly ScaleEvent[] {
  if (events.length <= EVENTS_MAX) return events
  const kept = [...events]
  while (kept.length > EVENTS_MAX) {
    const at = closestNeighbours(kept, nowMs)
    const [older, later] = [kept[at], kept[at + 1]]
    if (older === undefined || later === undefined) break
    kept.splice(at, 2, { change: older.change + later.change, time: later.time })
  }
  return kept
}

/** Where the first of the pair is. What was merged began after the one before it, so the very first is no candidate. */
function closestNeighbours(events: readonly ScaleEvent[], nowMs: number): number {
  const times = events.map(({ time }) => parseTime(time))
  let [best, least] = [1, Number.POSITIVE_INFINITY]
  for (let at = 1; at < times.length - 1; at += 1) {
    const [fromMs = 0, toMs = 0] = [times[at - 1], times[at + 1]]
    const ratio = (toMs - fromMs) / Math.max(1, nowMs - fromMs)
    if (ratio < least) [best, least] = [at, ratio]
  }
  return best
}
