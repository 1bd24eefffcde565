import { Cron } from 'croner'

/** The next time after another, again and again. */
export function open(schedule: string, timeZone: string): (afterMs: number) => number | undefined {
  const cron = new Cron(schedule, { timezone: timeZone, paused: true })
  return afterMs => cron.nextRun(new Date(afterMs))?.getTime()
}
