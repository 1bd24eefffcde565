import { expect } from 'vitest'
import type { CronPolicy } from '../../src/workloads/jobs/index.js'
import { compileCron, planCronRuns } from '../../src/workloads/jobs/index.js'

interface RecentRow {
  readonly lastSchedule: number
  readonly now: number
  readonly expect: number | null
}

interface DecisionRow {
  readonly scheduled: number
  readonly now: number
  readonly lastSchedule?: number
  readonly startingDeadlineSec?: number
  readonly active: number
  readonly policy: NonNullable<CronPolicy['concurrencyPolicy']>
  readonly expect: string
}

const everyMinute = compileCron({ schedule: '* * * * *' })

export function judgeMostRecent(example: unknown): void {
  for (const { lastSchedule, now, expect: wanted } of (example as { rows: readonly RecentRow[] }).rows) {
    const { start } = planCronRuns(everyMinute, {}, { handledMs: lastSchedule, active: 0, nowMs: now })
    expect(start).toEqual(wanted === null ? [] : [wanted])
  }
}

export function judgeDecisions(example: unknown): void {
  for (const row of (example as { rows: readonly DecisionRow[] }).rows) expect(decide(row)).toBe(row.expect)
}

function decide({
  scheduled,
  now,
  lastSchedule = 0,
  startingDeadlineSec,
  active,
  policy,
}: DecisionRow): string {
  const deadline = startingDeadlineSec === undefined ? {} : { startingDeadlineMs: startingDeadlineSec * 1000 }
  const view = { handledMs: lastSchedule, active, nowMs: now }
  const plan = planCronRuns(everyMinute, { concurrencyPolicy: policy, ...deadline }, view)
  const [blocker] = plan.blockers
  if (blocker?.kind === 'deadline') return 'skip:MissSchedule'
  if (blocker?.kind === 'active') return 'skip:JobAlreadyActive'
  if (plan.start.length === 0) return 'skip:already processed'
  expect(plan.start).toEqual([scheduled])
  return plan.replace ? 'delete-active-then-start' : 'start'
}
