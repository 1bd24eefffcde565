import type { FieldProblem } from '../errors.js'
import { assertValid } from '../errors.js'
import { hash64 } from '../json/content-hash.js'
import { wholeNumber } from '../whole-number.js'
import { nextCivilMinute } from './civil-time.js'
import type { CronFields } from './cron-fields.js'
import { parseCron } from './cron-fields.js'
import type { TimeZone } from './time-zone.js'
import { findTimeZone } from './time-zone.js'

const MINUTE_MS = 60_000

/** Larger changes of a zone, such as a move over the date line, are no daylight saving. As Debian's cron. */
const DAYLIGHT_SAVING_MAX_MS = 3 * 3_600_000

/** When something is to run again and again. */
export interface CronSpec {
  /**
   * Five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday), each a list of values, names,
   * ranges and steps, or `*`; or a word such as `@daily`. `H` stands for a value that the hash of `seed` picks.
   */
  readonly schedule: string
  /** IANA name. Default UTC. */
  readonly timeZone?: string
  /** Each run comes up to so much later, always the same for the same `seed`. A whole number ≥ 0, default 0 ms. */
  readonly jitterMs?: number
  /** Who it is, for `H` and the jitter. Default: empty. */
  readonly seed?: string
}

/** A schedule that was read. */
export interface CronSchedule {
  /** The first time after `afterMs`, without the jitter; undefined when there is none. Epoch ms. */
  next(afterMs: number): number | undefined
  /** How much later than its time each run comes, in ms. */
  readonly delayMs: number
}

/**
 * Reads a schedule.
 *
 * At a change to daylight saving, as Debian's cron: what is to run at fixed times runs once, at the end of the hour that is
 * left out, and in the first pass of the one that comes twice. When minute or hour begin with `*`, it runs by what the clock
 * shows, in both passes. A day must be allowed by both of its fields, or by either when neither is `*`.
 *
 * @throws InvalidError for what cannot be read, a zone that is unknown, and a schedule that never fires
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { nextRuns } from 'keelson/workloads/jobs'
 *
 * const nightly = { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }
 * const runs = nextRuns(nightly, Date.parse('2024-03-30T12:00Z'), 2)
 * assert.deepEqual(runs, [Date.parse('2024-03-31T01:00Z'), Date.parse('2024-04-01T00:30Z')])
 * ```
 */
export function compileCron(spec: CronSpec): CronSchedule {
  const read = readCron(spec)
  assertValid('cron schedule', read.problems ?? [])
  return new Schedule(read as ReadCron, spec)
}

/** The next `count` times after `fromMs`, the jitter included; fewer when there are fewer. Epoch ms. As `compileCron`. */
export function nextRuns(spec: CronSpec, fromMs: number, count: number): readonly number[] {
  const schedule = compileCron(spec)
  const runs: number[] = []
  let afterMs = fromMs - schedule.delayMs
  while (runs.length < count) {
    const next = schedule.next(afterMs)
    if (next === undefined) break
    runs.push(next + schedule.delayMs)
    afterMs = next
  }
  return runs
}

interface ReadCron {
  readonly fields: CronFields
  readonly zone: TimeZone
  readonly problems?: undefined
}

function readCron(spec: CronSpec): ReadCron | { readonly problems: readonly FieldProblem[] } {
  const { schedule, timeZone = 'UTC', jitterMs = 0, seed = '' } = spec
  const zone = findTimeZone(timeZone)
  const parsed = parseCron(schedule, 'schedule', (of, below) => hash(`${seed}\n${of}`) % below)
  const problems: FieldProblem[] = [
    ...wholeNumber('jitterMs', jitterMs, { min: 0 }),
    ...(parsed.problems ?? []),
  ]
  if (zone === undefined) {
    const message = 'must be the name of an IANA time zone, for example Europe/Berlin'
    problems.push({ field: 'timeZone', value: timeZone, message })
  }
  if (parsed.problems === undefined && nextCivilMinute(parsed.fields, 0) === undefined)
    problems.push({ field: 'schedule', value: schedule, message: 'never fires: no such day exists' })
  if (problems.length > 0 || zone === undefined || parsed.problems !== undefined) return { problems }
  return { fields: parsed.fields, zone }
}

class Schedule implements CronSchedule {
  readonly delayMs: number
  readonly #fields: CronFields
  readonly #zone: TimeZone

  constructor({ fields, zone }: ReadCron, { jitterMs = 0, seed = '' }: CronSpec) {
    this.#fields = fields
    this.#zone = zone
    this.delayMs = jitterMs === 0 ? 0 : hash(`${seed}\njitter`) % (jitterMs + 1)
  }

  /** Between two changes of the zone the clock runs evenly; at each change it is decided what was left out or repeated. */
  next(afterMs: number): number | undefined {
    const zone = this.#zone
    let startMs = afterMs
    let fromCivilMs = Math.max(
      (Math.floor((afterMs + zone.offsetAt(afterMs)) / MINUTE_MS) + 1) * MINUTE_MS,
      this.#repeatedUntil(afterMs),
    )
    for (;;) {
      const civilMs = nextCivilMinute(this.#fields, fromCivilMs)
      if (civilMs === undefined) return undefined
      const beforeMs = zone.offsetAt(startMs)
      const changeMs = zone.nextChange(startMs, civilMs - beforeMs)
      if (changeMs === undefined) return civilMs - beforeMs
      const afterChangeMs = zone.offsetAt(changeMs)
      const isKept = this.#fields.isWild || Math.abs(afterChangeMs - beforeMs) > DAYLIGHT_SAVING_MAX_MS
      if (!isKept && civilMs < changeMs + afterChangeMs) return changeMs
      fromCivilMs = isKept ? changeMs + afterChangeMs : changeMs + Math.max(beforeMs, afterChangeMs)
      startMs = changeMs
    }
  }

  /** Until when the clock shows what it has shown before, which counts for fixed times; −∞ when it does not. */
  #repeatedUntil(ms: number): number {
    if (this.#fields.isWild) return Number.NEGATIVE_INFINITY
    const changeMs = this.#zone.nextChange(ms - DAYLIGHT_SAVING_MAX_MS, ms)
    if (changeMs === undefined) return Number.NEGATIVE_INFINITY
    const beforeMs = this.#zone.offsetAt(changeMs - 1)
    const isSmall = beforeMs - this.#zone.offsetAt(changeMs) <= DAYLIGHT_SAVING_MAX_MS
    return isSmall ? changeMs + beforeMs : Number.NEGATIVE_INFINITY
  }
}

function hash(text: string): number {
  return hash64(text)[1]
}
