import type { FilterReason } from '../plugins/plugin.js'
import { costAt } from './least-victims.js'
import type { VictimCandidate } from './victim-candidate.js'

/** How many of the candidates have to go at least, for what the filter of formula `room` says is short on their node. */
export function leastCount(candidates: readonly VictimCandidate[], reasons: readonly FilterReason[]): number {
  let least = 1
  for (const { code, params } of reasons) {
    if (code !== 'InsufficientResource' || params === undefined) continue
    const resource = String(params['resource'])
    let short = Number(params['asked']) - Number(params['free'])
    const amounts = candidates.map(({ task }) => task.requests?.[resource] ?? 0).sort((a, b) => b - a)
    let count = 0
    while (short > 0 && count < amounts.length) short -= amounts[count++] as number
    if (count > least) least = count
  }
  return least
}

/** Whether at least so many of the candidates could cost less than these victims do. */
export function mayCostLess(
  candidates: readonly VictimCandidate[],
  count: number,
  victims: readonly VictimCandidate[],
): boolean {
  if (costAt(0, victims) > 0) return true
  const priorities = candidates.map(({ task }) => task.priority ?? 0).sort((a, b) => a - b)
  const highest = (priorities[count - 1] ?? Number.POSITIVE_INFINITY) - costAt(1, victims)
  if (highest !== 0) return highest < 0
  const dear = costAt(2, victims)
  const cheap = candidates.filter(({ fitsElsewhere }) => fitsElsewhere).length
  const difference = Math.max(0, count - cheap) - dear
  return difference < 0 || (difference === 0 && count < costAt(3, victims))
}
