import type { CronFields } from '../../../src/core/cron/cron-fields.js'

const MINUTE_MS = 60_000

/** What a clock of the zone shows at each minute, counted as if it were UTC. */
export function clockOf(timeZone: string, fromMs: number, minutes: number): readonly number[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  return Array.from({ length: minutes }, (_, index) =>
    Date.parse(`${format.format(fromMs + index * MINUTE_MS).replace(' ', 'T')}:00Z`),
  )
}

/** The slow obvious way: minute by minute, with an eye on the clock on the wall. */
export function walk(fields: CronFields, shown: readonly number[], fromMs: number): readonly number[] {
  const runs: number[] = []
  let latest = shown[0] ?? 0
  for (const [index, civilMs] of shown.entries()) {
    if (index === 0) continue
    const first = fields.isWild ? civilMs : latest + MINUTE_MS
    for (let at = first; at <= civilMs; at += MINUTE_MS) {
      if (!allows(fields, at)) continue
      runs.push(fromMs + index * MINUTE_MS)
      break
    }
    latest = Math.max(latest, civilMs)
  }
  return runs
}

function allows(fields: CronFields, civilMs: number): boolean {
  const at = new Date(civilMs)
  if (!fields.minutes[at.getUTCMinutes()] || !fields.hours[at.getUTCHours()]) return false
  if (!fields.months[at.getUTCMonth() + 1]) return false
  const days = [fields.days[at.getUTCDate()] === true, fields.weekdays[at.getUTCDay()] === true]
  return fields.isEitherDay ? days.some(Boolean) : days.every(Boolean)
}
