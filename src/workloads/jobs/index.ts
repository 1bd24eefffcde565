// Start here.
export { compileCron, nextRuns } from '../cron/cron-schedule.js'

// Types you will meet.
export type { CronSchedule, CronSpec } from '../cron/cron-schedule.js'
