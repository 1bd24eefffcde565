import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCron } from '../../../src/core/cron/cron-fields.js'
import { formatTime } from '../../../src/core/index.js'
import { compileCron, nextRuns } from '../../../src/workloads/jobs/index.js'
import { clockOf, walk } from './minute-walk.js'

const zone = 'Europe/Berlin'
const shown = (times: readonly number[]) => times.map(time => formatTime(time).slice(0, 16))
const runs = (schedule: string, from: string, count: number, timeZone = 'UTC') =>
  shown(nextRuns({ schedule, timeZone }, Date.parse(from), count))

test.each([
  ['* * * * *', ['2024-02-28T23:59', '2024-02-29T00:00']],
  ['*/15 9-17 * * mon-fri', ['2024-02-29T09:00', '2024-02-29T09:15']],
  ['0 0 29 2 *', ['2024-02-29T00:00', '2028-02-29T00:00']],
  ['5/20 1,3 * * *', ['2024-02-29T01:05', '2024-02-29T01:25']],
  ['0 0 13 * fri', ['2024-03-01T00:00', '2024-03-08T00:00']],
  ['0 0 */2 * ?', ['2024-02-29T00:00', '2024-03-01T00:00']],
  ['0 0 * * 7', ['2024-03-03T00:00', '2024-03-10T00:00']],
  ['0 0 * * fri-sun', ['2024-03-01T00:00', '2024-03-02T00:00']],
  ['0 0 1 JAN,jul *', ['2024-07-01T00:00', '2025-01-01T00:00']],
  ['@weekly', ['2024-03-03T00:00', '2024-03-10T00:00']],
  ['@Hourly', ['2024-02-29T00:00', '2024-02-29T01:00']],
])('%s runs at %j', (schedule, times) => {
  expect(runs(schedule, '2024-02-28T23:58:30Z', 2)).toEqual(times)
})

describe('at a change to or from daylight saving', () => {
  test.each([
    {
      law: 'a fixed time that comes twice runs once, in the first pass',
      schedule: '0 2 * * *',
      from: '2023-10-28T12:00Z',
      want: ['2023-10-29T00:00', '2023-10-30T01:00'],
    },
    {
      law: 'a fixed time that is left out runs at the end of the gap',
      schedule: '30 2 * * *',
      from: '2024-03-30T12:00Z',
      want: ['2024-03-31T01:00', '2024-04-01T00:30'],
    },
    {
      law: 'several times that are left out run once',
      schedule: '0,20,40 2 * * *',
      from: '2024-03-30T12:00Z',
      want: ['2024-03-31T01:00', '2024-04-01T00:00'],
    },
    {
      law: 'a wildcard hour runs in both passes',
      schedule: '*/30 * * * *',
      from: '2023-10-28T23:59Z',
      want: [
        '2023-10-29T00:00',
        '2023-10-29T00:30',
        '2023-10-29T01:00',
        '2023-10-29T01:30',
        '2023-10-29T02:00',
      ],
    },
    {
      law: 'asked within the second pass, a fixed time does not run again',
      schedule: '30 2 * * *',
      from: '2023-10-29T01:10Z',
      want: ['2023-10-30T01:30'],
    },
  ])('$law', ({ schedule, from, want }) => {
    expect(runs(schedule, from, want.length, zone)).toEqual(want)
  })

  test.each([
    [zone, '2024-03-30T00:00Z'],
    [zone, '2023-10-28T00:00Z'],
    ['America/St_Johns', '2024-03-09T12:00Z'],
    ['Australia/Lord_Howe', '2024-04-06T00:00Z'],
    ['Australia/Lord_Howe', '2024-10-05T00:00Z'],
    ['Africa/Casablanca', '2024-03-09T12:00Z'],
  ])('in %s from %s, as minute by minute', (timeZone, from) => {
    const fromMs = Date.parse(from)
    const minutes = 3 * 1_440
    const clock = clockOf(timeZone, fromMs, minutes)
    const minute = fc.constantFrom('*', '*/20', '0', '30', '15,45', '59')
    const hour = fc.constantFrom('*', '*/2', '1', '2', '1-3', '0,2', '23')
    fc.assert(
      fc.property(minute, hour, fc.constantFrom('*', 'sun', 'mon,sat'), (m, h, w) => {
        const schedule = `${m} ${h} * * ${w}`
        const { fields } = parseCron(schedule, 'schedule', () => 0) as Extract<
          ReturnType<typeof parseCron>,
          { fields: unknown }
        >
        const slow = walk(fields, clock, fromMs)
        const fast = nextRuns({ schedule, timeZone }, fromMs, slow.length)
        expect(shown(fast), schedule).toEqual(shown(slow))
      }),
      { numRuns: 40 },
    )
  })
})

describe('H and the jitter', () => {
  const minuteOf = (seed: string, schedule = 'H * * * *') =>
    (compileCron({ schedule, seed }).next(0) ?? 0) / 60_000

  test('spread jobs over the hour, each at its own minute', () => {
    const minutes = Array.from({ length: 600 }, (_, index) => minuteOf(`job-${index}`) % 60)
    expect(new Set(minutes).size).toBe(60)
    expect(minuteOf('job-1')).toBe(minuteOf('job-1'))
  })

  test('H/15 keeps its distance, H(0-9) its range', () => {
    const runsOf = nextRuns({ schedule: 'H/15 * * * *', seed: 'a' }, 0, 5)
    expect(runsOf.slice(1).map((at, index) => at - (runsOf[index] ?? 0))).toEqual([
      900_000, 900_000, 900_000, 900_000,
    ])
    for (let index = 0; index < 50; index += 1)
      expect(minuteOf(`job-${index}`, 'H(5-9) * * * *')).toSatisfy((m: number) => m >= 5 && m <= 9)
  })

  test('the jitter delays each run by the same part of what is allowed', () => {
    const spec = { schedule: '0 * * * *', jitterMs: 60_000, seed: 'a' }
    const { delayMs } = compileCron(spec)
    expect(delayMs).toSatisfy((ms: number) => ms > 0 && ms <= 60_000)
    expect(nextRuns(spec, 0, 3)).toEqual(
      [3_600_000 + delayMs, 7_200_000 + delayMs, 10_800_000 + delayMs].map(at => at - 3_600_000),
    )
  })
})

test.each([
  ['', 'must have five fields'],
  ['TZ=UTC 0 0 * * *', 'must not begin with a time zone: that is the field timeZone'],
  ['CRON_TZ=UTC 0 0 * * *', 'must not begin with a time zone'],
  ['* * * *', 'must have five fields'],
  ['60 * * * *', 'minute must be from 0 to 59'],
  ['* * * 13 *', 'month must be from 1 to 12'],
  ['* * * * 5-1', 'ends before it begins'],
  ['*/0 * * * *', 'step'],
  ['1--2 * * * *', 'cannot be read'],
  ['@reboot', 'is no word of cron'],
  ['0 0 30 2 *', 'never fires'],
])('%j is refused: %s', (schedule, message) => {
  expect(() => compileCron({ schedule })).toThrow(
    expect.objectContaining({
      code: 'Invalid',
      details: expect.objectContaining({
        problems: [expect.objectContaining({ field: 'schedule', message: expect.stringContaining(message) })],
      }),
    }),
  )
})

test.each([
  [{ timeZone: 'Mars/Base' }, 'timeZone'],
  [{ jitterMs: -1 }, 'jitterMs'],
  [{ jitterMs: Number.NaN }, 'jitterMs'],
])('%j is refused at %s', (options, field) => {
  const problem = expect.objectContaining({ field })
  expect(() => compileCron({ schedule: '* * * * *', ...options })).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ problems: [problem] }) }),
  )
})
