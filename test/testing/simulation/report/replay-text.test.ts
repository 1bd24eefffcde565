import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatReplay, parseReplay } from '../../../../src/testing/simulation/report/replay-text.js'

test('a replay is read as it was written, but for first choices at its end', () => {
  const choices = fc.array(fc.oneof(fc.constant(0), fc.nat(2000)), { maxLength: 80 })
  fc.assert(
    fc.property(fc.nat(), choices, (seed, taken) => {
      const length = taken.findLastIndex(choice => choice !== 0) + 1
      expect(parseReplay(formatReplay({ seed, choices: taken }))).toEqual({
        seed,
        choices: taken.slice(0, length),
      })
    }),
  )
})

test.each(['', 'v2:1:', 'v1::1', 'v1:1:1..2', 'v1:1:z', 'v1:1:w', 'v1:1:zvvvvvvv'])('%j is refused', text => {
  expect(() => parseReplay(text)).toThrow(/must be a replay string/)
})
