import type { CronFields } from './cron-fields.js'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** A rule that has no day in so many years has none: February 29th on a given weekday comes within 40. */
const YEARS_MAX = 50

/** A day of the calendar: what a wall clock shows, in no zone. */
interface CivilDay {
  readonly year: number
  readonly month: number
  readonly day: number
}

/**
 * The first minute at or after `fromMs` that the fields allow; undefined when there is none. Both are civil times: what a
 * wall clock shows, counted as if it were UTC.
 */
export function nextCivilMinute(fields: CronFields, fromMs: number): number | undefined {
  const startMs = Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS
  let dayMs = Math.floor(startMs / DAY_MS) * DAY_MS
  const first = nextInDay(fields, (startMs - dayMs) / MINUTE_MS)
  if (first !== undefined && allowsDay(fields, civilDay(dayMs), dayMs)) return dayMs + first * MINUTE_MS
  const earliest = nextInDay(fields, 0)
  if (earliest === undefined) return undefined
  const lastYear = civilDay(dayMs).year + YEARS_MAX
  dayMs += DAY_MS
  for (;;) {
    const day = civilDay(dayMs)
    if (day.year > lastYear) return undefined
    if (fields.months[day.month] !== true) dayMs = firstOfNextMonth(day)
    else if (allowsDay(fields, day, dayMs)) return dayMs + earliest * MINUTE_MS
    else dayMs += DAY_MS
  }
}

function nextInDay({ hours, minutes }: CronFields, fromMinute: number): number | undefined {
  const fromHour = Math.floor(fromMinute / 60)
  for (let hour = fromHour; hour < 24; hour += 1) {
    if (hours[hour] !== true) continue
    const minute = minutes.indexOf(true, hour === fromHour ? fromMinute % 60 : 0)
    if (minute !== -1) return hour * 60 + minute
  }
  return undefined
}

function allowsDay(fields: CronFields, { month, day }: CivilDay, dayMs: number): boolean {
  if (fields.months[month] !== true) return false
  const isDay = fields.days[day] === true
  const isWeekday = fields.weekdays[(((dayMs / DAY_MS + 4) % 7) + 7) % 7] === true
  return fields.isEitherDay ? isDay || isWeekday : isDay && isWeekday
}

function firstOfNextMonth({ year, month }: CivilDay): number {
  return Date.UTC(year, month, 1)
}

/** Source: Howard Hinnant, chrono-compatible low-level date algorithms, `civil_from_days`. */
function civilDay(dayMs: number): CivilDay {
  const days = dayMs / DAY_MS + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return { year, month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 }
}
