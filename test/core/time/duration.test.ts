import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDuration } from '../../../src/core/internal.js'

test.each([
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['250ms', 250],
  ['1.5s', 1_500],
  ['0', 0],
  ['0s', 0],
])('the duration %s is %i ms', (text, ms) => {
  expect(parseDuration(text, 'delay')).toBe(ms)
})

test('a duration made of its parts is their sum', () => {
  const units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
  fc.assert(
    fc.property(fc.record({ h: fc.nat(99), m: fc.nat(99), s: fc.nat(99), ms: fc.nat(9_999) }), parts => {
      const names = ['h', 'm', 's', 'ms'] as const
      const text = names.map(unit => `${parts[unit]}${unit}`).join('')
      expect(parseDuration(text, 'delay')).toBe(
        names.reduce((sum, unit) => sum + parts[unit] * units[unit], 0),
      )
    }),
  )
})

test.each(['', '10', 's', '1 s', '-1s', '5d', '1s!', `${'9'.repeat(20)}h`])('"%s" is none', text => {
  expect(() => parseDuration(text, 'delay')).toThrow(
    expect.objectContaining({ code: 'Invalid', message: expect.stringContaining('delay: ') }),
  )
})
