import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTime, parseTime } from '../../../src/core/index.js'
import { compareTimes } from '../../../src/core/time/time-text.js'

const validMs = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 })
const invalid = expect.objectContaining({ code: 'Invalid' })

describe('time as text', () => {
  test('parse undoes format, and texts sort like times', () => {
    fc.assert(
      fc.property(validMs, validMs, (a, b) => {
        expect(parseTime(formatTime(a))).toBe(a)
        expect(formatTime(a) < formatTime(b)).toBe(a < b)
      }),
    )
  })

  test('an offset moves the time by exactly itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: -1439, max: 1439 }), (ms, minutes) => {
        const size = Math.abs(minutes)
        const two = (n: number): string => String(n).padStart(2, '0')
        const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
        expect(parseTime(formatTime(ms + minutes * 60_000).replace('Z', offset))).toBe(ms)
      }),
    )
  })

  test('the usual form means the same as any other of the same fields, or is refused with it', () => {
    const text = (value: number, size: number): string => `${value}`.padStart(size, '0')
    const two = fc.nat(62)
    fc.assert(
      fc.property(
        fc.constantFrom(0, 99, 100, 1900, 2000, 2023, 2024, 9999),
        fc.nat(13),
        fc.nat(32),
        fc.tuple(two, two, two),
        (year, month, day, [hour, minute, second]) => {
          const date = `${text(year, 4)}-${text(month, 2)}-${text(day, 2)}`
          const local = `${date}T${text(hour, 2)}:${text(minute, 2)}:${text(second, 2)}.120`
          const read = (zone: string): number | string => {
            try {
              return parseTime(local + zone)
            } catch {
              return 'refused'
            }
          }
          expect(read('Z')).toBe(read('+00:00'))
        },
      ),
    )
  })

  test.each(['2026-01-31T23:59:59.00aZ', '202x-01-31T23:59:59.000Z', '2026-01-31 23:59:59.000Z'])(
    'the usual form with a wrong character is refused: %s',
    text => expect(() => parseTime(text)).toThrow(invalid),
  )

  test.each([
    ['1970-01-01T00:00:00Z', 0],
    ['1970-01-01t00:00:00z', 0],
    ['1970-01-01T00:00:00.1Z', 100],
    ['1970-01-01T00:00:00.123456789Z', 123],
    ['1970-01-01T02:00:00+02:00', 0],
    ['1969-12-31T23:00:00-01:00', 0],
    ['2024-02-29T00:00:00Z', 1_709_164_800_000],
    ['0000-01-01T00:00:00Z', -62_167_219_200_000],
    ['1970-01-01T00:00:00-00:00', 0],
  ])('%s is %d', (text, ms) => {
    expect(parseTime(text)).toBe(ms)
  })

  test.each([
    '',
    'now',
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-01-01 00:00:00Z',
    '2026-1-1T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T23:60:00Z',
    '2016-12-31T23:59:60Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+01:60',
    '2026-01-01T00:00:00+0100',
    '2026-01-01T00:00:00.Z',
    ' 2026-01-01T00:00:00Z',
    '0000-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
  ])('refuses %j', text => {
    expect(() => parseTime(text)).toThrow(invalid)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 253_402_300_800_000, -62_167_219_200_001])(
    'does not format %s',
    ms => {
      expect(() => formatTime(ms)).toThrow(invalid)
    },
  )

  test('drops the fraction of a millisecond', () => {
    expect([formatTime(0.9), formatTime(-0.1)]).toEqual([
      '1970-01-01T00:00:00.000Z',
      '1969-12-31T23:59:59.999Z',
    ])
  })
})

test('times are compared as what they mean, of one form or of several', () => {
  const ms = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 100_000 }))
  const form = fc.constantFrom<(at: number) => string>(
    formatTime,
    at => `${formatTime(at).slice(0, 19)}Z`,
    at => formatTime(at + 3_600_000).replace('Z', '+01:00'),
    at => formatTime(at).replace('T', 't'),
    at => formatTime(at).replace('Z', 'z'),
    at => formatTime(at).replace('Z', `${at % 7}Z`),
  )
  fc.assert(
    fc.property(fc.tuple(ms, form), fc.tuple(ms, form), ([a, formOfA], [b, formOfB]) => {
      const [one, other] = [formOfA(a), formOfB(b)]
      expect(Math.sign(compareTimes(one, other))).toBe(Math.sign(parseTime(one) - parseTime(other)))
    }),
  )
})
