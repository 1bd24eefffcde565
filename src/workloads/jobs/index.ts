// Start here.
export { compileCron, nextRuns } from '../cron/cron-schedule.js'
export { planCronRuns } from '../cron/due-runs.js'

// Types you will meet.
export type { CronSchedule, CronSpec } from '../cron/cron-schedule.js'
export type { CronBlocker, CronPlan, CronPolicy, CronView } from '../cron/due-runs.js'
