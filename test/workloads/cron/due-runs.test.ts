import { describe, expect, test } from 'vitest'
import type { CronPolicy, CronView } from '../../../src/workloads/jobs/index.js'
import { compileCron, planCronRuns } from '../../../src/workloads/jobs/index.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const hourly = compileCron({ schedule: '0 * * * *' })
const everyMinute = compileCron({ schedule: '* * * * *' })
const after3h: CronView = { handledMs: 0, active: 0, nowMs: 3 * HOUR_MS + 1_000 }

describe('which runs of a schedule start', () => {
  test('suspended for 15 days each minute: one run at resume, and what was missed is told', () => {
    const suspended = planCronRuns(everyMinute, { suspend: true }, { handledMs: 0, active: 0, nowMs: DAY_MS })
    expect(suspended).toMatchObject({ start: [], handledMs: 0, blockers: [{ kind: 'suspended' }] })
    expect(suspended.wakeAtMs).toBeUndefined()
    const resumed = planCronRuns(everyMinute, {}, { handledMs: 0, active: 0, nowMs: 15 * DAY_MS })
    expect(resumed).toMatchObject({ start: [15 * DAY_MS], missed: 21_600, handledMs: 15 * DAY_MS })
    expect(resumed.wakeAtMs).toBe(15 * DAY_MS + 60_000)
  })

  test('all, one at a time, after three hours: three runs in order, each told its time', () => {
    const policy: CronPolicy = { catchUp: 'all', concurrencyPolicy: 'Forbid' }
    const started: number[] = []
    let view = after3h
    for (let round = 0; round < 5; round += 1) {
      const { start, handledMs } = planCronRuns(hourly, policy, view)
      started.push(...start)
      const whileActive = planCronRuns(hourly, policy, { ...view, handledMs, active: 1 })
      expect(whileActive.start).toEqual([])
      view = { ...view, handledMs }
    }
    expect(started).toEqual([HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS])
  })

  test.each<{ policy: CronPolicy; view?: Partial<CronView>; start: readonly number[]; replace?: boolean }>([
    { policy: {}, start: [3] },
    { policy: { catchUp: 'all' }, start: [1, 2, 3] },
    { policy: { catchUp: 'all', startingDeadlineMs: HOUR_MS + 1_000 }, start: [2, 3] },
    {
      policy: { catchUp: 'all', concurrencyPolicy: 'Replace' },
      view: { active: 1 },
      start: [3],
      replace: true,
    },
    { policy: { catchUp: 'none' }, start: [3] },
    { policy: { catchUp: 'none' }, view: { nowMs: 3 * HOUR_MS + 61_000 }, start: [] },
    { policy: { startingDeadlineMs: 0 }, view: { nowMs: 3 * HOUR_MS }, start: [3] },
    { policy: { startingDeadlineMs: 0 }, start: [] },
    { policy: {}, view: { nowMs: HOUR_MS - 1 }, start: [] },
    { policy: { concurrencyPolicy: 'Forbid' }, view: { active: 1 }, start: [] },
  ])('$policy $view: $start', ({ policy, view = {}, start, replace = false }) => {
    const plan = planCronRuns(hourly, policy, { ...after3h, ...view })
    expect(plan.start.map(at => at / HOUR_MS)).toEqual(start)
    expect(plan.replace).toBe(replace)
    const again = planCronRuns(hourly, policy, { ...after3h, ...view, handledMs: plan.handledMs, active: 0 })
    if (start.length > 0) expect(again.start).toEqual([])
  })

  test('with Allow, all comes 100 at a time', () => {
    const plan = planCronRuns(everyMinute, { catchUp: 'all' }, { handledMs: 0, active: 0, nowMs: DAY_MS })
    expect([plan.start.length, plan.handledMs]).toEqual([100, 100 * 60_000])
  })

  test('the jitter delays the run, not what it is told as its time', () => {
    const late = compileCron({ schedule: '0 * * * *', jitterMs: 600_000, seed: 'a' })
    const before = planCronRuns(late, {}, { handledMs: 0, active: 0, nowMs: HOUR_MS + late.delayMs - 1 })
    expect(before).toMatchObject({ start: [], wakeAtMs: HOUR_MS + late.delayMs })
    const due = planCronRuns(late, {}, { handledMs: 0, active: 0, nowMs: HOUR_MS + late.delayMs })
    expect(due).toMatchObject({ start: [HOUR_MS], missed: 0, wakeAtMs: 2 * HOUR_MS + late.delayMs })
  })

  test('a clock that was put back starts nothing twice', () => {
    const plan = planCronRuns(hourly, {}, { handledMs: 3 * HOUR_MS, active: 0, nowMs: HOUR_MS })
    expect(plan).toMatchObject({ start: [], wakeAtMs: 4 * HOUR_MS })
  })

  test.each<[string, number, number]>([
    ['by an hour: what it has run does not run again', HOUR_MS, 11 * HOUR_MS],
    ['by three hours: neither', 3 * HOUR_MS, 11 * HOUR_MS],
    ['by more, as Debian’s cron: it was wrong, and the schedule begins again', 3 * HOUR_MS + 1, 8 * HOUR_MS],
    ['by a year: it does not wait for a year', 366 * DAY_MS, 11 * HOUR_MS - 366 * DAY_MS],
  ])('a clock that was put back %s', (_, backMs, next) => {
    const nowMs = 10 * HOUR_MS + 1 - backMs
    const { start, wakeAtMs } = planCronRuns(
      hourly,
      { catchUp: 'all' },
      { handledMs: 10 * HOUR_MS + 1, active: 0, nowMs },
    )
    expect([start, wakeAtMs]).toEqual([[], next])
  })
})
