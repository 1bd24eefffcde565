import type { CronSpec } from '../../core/internal.js'
import { assertValid, compileCron, wholeNumber } from '../../core/internal.js'

/** When disturbances are welcome: each time of a schedule, for a while. */
export interface MaintenanceWindow extends Pick<CronSpec, 'schedule' | 'timeZone'> {
  /** A whole number ≥ 60,000 ms. */
  readonly durationMs: number
}

/** Whether one of some windows is open. */
export interface MaintenanceWindowState {
  readonly isOpen: boolean
  /** When it changes: the last that is open closes, or the first opens. Absent when none opens any more. Epoch ms. */
  readonly untilMs?: number
}

/**
 * Whether one of the windows is open now. Without windows one is always open. Windows that touch are one.
 *
 * @throws InvalidError for a schedule that cannot be read or never fires, and a duration out of bounds
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { maintenanceAt } from 'keelson/workloads/jobs'
 *
 * const nights = [{ schedule: '0 2 * * sat', durationMs: 3 * 3_600_000 }]
 * const { isOpen, untilMs } = maintenanceAt(nights, Date.parse('2026-01-03T03:30Z'))
 * assert.deepEqual([isOpen, untilMs], [true, Date.parse('2026-01-03T05:00Z')])
 * ```
 */
export function maintenanceAt(windows: readonly MaintenanceWindow[], nowMs: number): MaintenanceWindowState {
  if (windows.length === 0) return { isOpen: true }
  let opensAtMs: number | undefined
  let closesAtMs: number | undefined
  for (const [index, { durationMs, ...spec }] of windows.entries()) {
    assertValid(
      'maintenance window',
      wholeNumber(`windows[${index}].durationMs`, durationMs, { min: 60_000 }),
    )
    const schedule = compileCron(spec)
    let begin = schedule.next(nowMs - durationMs)
    if (begin !== undefined && begin > nowMs) opensAtMs = Math.min(opensAtMs ?? begin, begin)
    for (; begin !== undefined && begin <= nowMs; begin = schedule.next(begin))
      closesAtMs = Math.max(closesAtMs ?? 0, begin + durationMs)
  }
  const untilMs = closesAtMs ?? opensAtMs
  return { isOpen: closesAtMs !== undefined, ...(untilMs === undefined ? {} : { untilMs }) }
}
