import { InvalidError } from '../errors.js'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/y

/**
 * A duration as Go, and with it Compose and HCL, writes it, in whole milliseconds: `10s`, `1h30m`, `250ms`, `1.5s`, `0`.
 *
 * @throws InvalidError when the text is none, or too long for a safe integer
 */
export function parseDuration(text: string, field: string): number {
  if (text === '0') return 0
  let ms = 0
  PART.lastIndex = 0
  while (PART.lastIndex < text.length) {
    const at = PART.lastIndex
    const [, amount = '', unit = ''] = PART.exec(text) ?? []
    if (amount === '') return refuse(text, field, at)
    ms += Number(amount) * (UNIT_MS[unit] ?? Number.NaN)
  }
  const whole = Math.round(ms)
  return text !== '' && Number.isSafeInteger(whole) ? whole : refuse(text, field, 0)
}

function refuse(value: string, field: string, at: number): never {
  const where = at === 0 ? '' : `, and cannot be read from "${value.slice(at, at + 20)}" on`
  throw new InvalidError('duration', [
    { field, value, message: `must look like 10s, 1h30m or 250ms${where}` },
  ])
}
