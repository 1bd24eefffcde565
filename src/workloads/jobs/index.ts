// Start here.
export { compileCron, nextRuns } from '../../core/internal.js'
export { planCronJob } from '../batch/cron-job-plan.js'
export { planJob } from '../batch/job-plan.js'
export { planCronRuns } from '../cron/due-runs.js'
export { maintenanceAt } from '../cron/maintenance-window.js'

// Types you will meet.
export type { CronJobPlan, CronStart } from '../batch/cron-job-plan.js'
export type { JobAction, JobBlocker } from '../batch/job-action.js'
export type { JobLimits, JobPlan } from '../batch/job-plan.js'
export type { CronSchedule, CronSpec } from '../../core/internal.js'
export type { CronBlocker, CronPlan, CronPolicy, CronView } from '../cron/due-runs.js'
export type { MaintenanceWindow, MaintenanceWindowState } from '../cron/maintenance-window.js'
