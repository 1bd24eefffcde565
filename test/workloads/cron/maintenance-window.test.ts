import { expect, test } from 'vitest'
import { maintenanceAt } from '../../../src/workloads/jobs/index.js'

const HOUR_MS = 3_600_000
const at = (hours: number): number => Date.UTC(2026, 0, 1) + hours * HOUR_MS
const night = { schedule: '0 2 * * *', durationMs: 2 * HOUR_MS }
const early = { schedule: '0 3 * * *', durationMs: 3 * HOUR_MS }
const berlin = { schedule: '0 2 * * *', timeZone: 'Europe/Berlin', durationMs: HOUR_MS }

test.each([
  { windows: [], now: 1, state: { isOpen: true } },
  { windows: [night], now: 1, state: { isOpen: false, untilMs: at(2) } },
  { windows: [night], now: 2, state: { isOpen: true, untilMs: at(4) } },
  { windows: [night], now: 4, state: { isOpen: false, untilMs: at(26) } },
  { windows: [night, early], now: 3.5, state: { isOpen: true, untilMs: at(6) } },
  { windows: [early, night], now: 0, state: { isOpen: false, untilMs: at(2) } },
  { windows: [berlin], now: 1.5, state: { isOpen: true, untilMs: at(2) } },
])('$windows at $now h', ({ windows, now, state }) => {
  expect(maintenanceAt(windows, at(now))).toEqual(state)
})
