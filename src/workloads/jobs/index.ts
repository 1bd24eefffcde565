// Start here.
export { compileCron, nextRuns } from '../../core/internal.js'
export { planCronRuns } from '../cron/due-runs.js'

// Types you will meet.
export type { CronSchedule, CronSpec } from '../../core/internal.js'
export type { CronBlocker, CronPlan, CronPolicy, CronView } from '../cron/due-runs.js'
