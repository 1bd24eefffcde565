import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatReplay, parseReplay } from '../../../../src/testing/simulation/report/replay-text.js'

test('a replay is read as it was written', () => {
  const choices = fc.array(fc.oneof(fc.constant(0), fc.nat(2000)), { maxLength: 80 })
  fc.assert(
    fc.property(fc.nat(), choices, (seed, taken) => {
      const length = taken.findLastIndex(choice => choice !== 0) + 1
      const replay = { check: 'b2c4d', seed, choices: taken.slice(0, length), way: 'xw5pq' }
      expect(parseReplay(formatReplay({ ...replay, choices: taken.slice(0, length) }))).toEqual(replay)
    }),
  )
})

test.each(['', 'v2:1:', 'v2:b:1:1:', 'v2:b:1:1..2:x', 'v2:b:1:z:x', 'v2:b:1:w:x', 'v2:b:1:zvvvvvvv:x'])(
  '%j is refused',
  text => {
    expect(() => parseReplay(text)).toThrow(/must be a replay string/)
  },
)

test('a replay of another version says so', () => {
  expect(() => parseReplay('v1:5:z2.1')).toThrow(/this one is of format v1, known is v2/)
})
