// Start here.
export { serveSchedulerApi } from './scheduler-api.js'

// Types you will meet.
export type { SchedulerApi, SchedulerApiOptions } from './scheduler-api.js'
