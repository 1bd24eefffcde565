import { InvalidError } from '../errors.js'

const PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

/** Of `formatTime`. */
const USUAL_FORM = '0000-00-00T00:00:00.000Z'
const SEPARATORS = [4, 7, 10, 13, 16, 19, 23]
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const ZERO = 0x30
const YEAR_ZERO_MS = -62_167_219_200_000
const YEAR_10000_MS = 253_402_300_800_000

/**
 * Epoch milliseconds as RFC 3339 text in UTC, always with three decimals: `2026-01-01T00:00:00.000Z`.
 * Such texts sort like the times. A fraction of a millisecond is dropped.
 *
 * @throws InvalidError outside the years 0000 to 9999
 */
export function formatTime(ms: number): string {
  if (!inRange(ms)) {
    throw new InvalidError('time', [
      { field: 'ms', value: ms, message: 'must be a finite time in the years 0000 to 9999' },
    ])
  }
  return new Date(Math.floor(ms)).toISOString()
}

/**
 * RFC 3339 text as epoch milliseconds. Any offset is accepted; digits beyond the millisecond are dropped.
 *
 * @throws InvalidError when the text is not RFC 3339, names a day or hour that does not exist, or a leap
 * second, which epoch time cannot express
 */
export function parseTime(text: string): number {
  const known = usualTime(text)
  if (known !== undefined) return known
  const match = PATTERN.exec(text)
  if (match === null) throw invalid(text, 'must look like 2026-01-31T23:59:59.000Z or …+02:00')
  const [
    ,
    year = '',
    month = '',
    day = '',
    hour = '',
    minute = '',
    second = '',
    fraction = '',
    sign,
    oh = '0',
    om = '0',
  ] = match
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`
  const localMs = Date.parse(local)
  // Hosts roll 30 February over into March; a round trip shows it.
  if (Number.isNaN(localMs) || new Date(localMs).toISOString() !== local) {
    throw invalid(text, 'must name a day and time that exist')
  }
  if (Number(oh) > 23 || Number(om) > 59) throw invalid(text, 'must have an offset between -23:59 and +23:59')
  const offsetMs = (Number(oh) * 60 + Number(om)) * 60_000
  const ms = sign === '-' ? localMs + offsetMs : localMs - offsetMs
  if (!inRange(ms)) throw invalid(text, 'must be in the years 0000 to 9999 UTC')
  return ms
}

/** As `parseTime(a) - parseTime(b)` of two valid times. Those that `formatTime` wrote are in the order of their texts. */
export function compareTimes(a: string, b: string): number {
  if (isUsualForm(a) && isUsualForm(b)) return a < b ? -1 : Number(a > b)
  return parseTime(a) - parseTime(b)
}

/** Of a valid time: whether it is in UTC, in capitals, with three decimals. */
function isUsualForm(text: string): boolean {
  return text.length === USUAL_FORM.length && text[10] === 'T' && text.endsWith('Z')
}

/** Most times, since `formatTime` wrote them; undefined for another form, or a day that does not exist. */
function usualTime(text: string): number | undefined {
  for (const at of SEPARATORS) if (text.charCodeAt(at) !== USUAL_FORM.charCodeAt(at)) return undefined
  if (text.length !== USUAL_FORM.length) return undefined
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 7)
  const day = digits(text, 8, 10)
  const hour = digits(text, 11, 13)
  const minute = digits(text, 14, 16)
  const second = digits(text, 17, 19)
  const isLeapDay = month === 2 && day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const isDay = day > 0 && (day <= (DAYS[month - 1] ?? 0) || isLeapDay)
  // `Date.UTC` takes a year below 100 for one of the last century.
  if (!(year >= 100 && isDay && hour <= 23 && minute <= 59 && second <= 59)) return undefined
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, digits(text, 20, 23))
  return Number.isNaN(ms) ? undefined : ms
}

/** `NaN` unless all are digits. */
function digits(text: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - ZERO
    number = digit >= 0 && digit <= 9 ? number * 10 + digit : Number.NaN
  }
  return number
}

function inRange(ms: number): boolean {
  return ms >= YEAR_ZERO_MS && ms < YEAR_10000_MS
}

function invalid(text: string, message: string): InvalidError {
  return new InvalidError('time', [{ field: 'text', value: text, message }])
}
