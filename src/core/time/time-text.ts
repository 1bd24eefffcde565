import { InvalidError } from '../errors.js'

const PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

const CANONICAL_LENGTH = '2026-01-01T00:00:00.000Z'.length

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
  // The form that we write ourselves, which is most of what is read.
  if (text.length === CANONICAL_LENGTH) {
    const ms = Date.parse(text)
    if (!Number.isNaN(ms) && new Date(ms).toISOString() === text) return ms
  }
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

function inRange(ms: number): boolean {
  return ms >= YEAR_ZERO_MS && ms < YEAR_10000_MS
}

function invalid(text: string, message: string): InvalidError {
  return new InvalidError('time', [{ field: 'text', value: text, message }])
}
