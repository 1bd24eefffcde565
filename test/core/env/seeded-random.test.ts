import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSeededRandom } from '../../../src/core/index.js'

const take = (seed: number | string, count: number): number[] => {
  const random = createSeededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

describe('seeded random', () => {
  test('equal seeds give equal streams in [0, 1), other seeds give others', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.string()), fc.oneof(fc.integer(), fc.string()), (a, b) => {
        const numbers = take(a, 20)
        expect(take(a, 20)).toEqual(numbers)
        expect(numbers.every(n => n >= 0 && n < 1)).toBe(true)
        expect(take(b, 20).join() === numbers.join()).toBe(a === b)
      }),
    )
  })

  test('a number and its text are different seeds', () => {
    expect(take(1, 3)).not.toEqual(take('1', 3))
  })

  test('a fork depends on seed and label, not on how much was drawn', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.nat(50), (seed, label, other, drawn) => {
        const fresh = createSeededRandom(seed).fork(label)
        const used = createSeededRandom(seed)
        for (let i = 0; i < drawn; i++) used.next()
        used.fork(other).next()
        const numbers = Array.from({ length: 5 }, () => fresh.next())
        const again = used.fork(label)
        expect(Array.from({ length: 5 }, () => again.next())).toEqual(numbers)
        expect(take(seed, 5)).not.toEqual(numbers)
        expect(createSeededRandom(seed).fork(other).next() === numbers[0]).toBe(label === other)
      }),
    )
  })

  test('does not change from version to version', () => {
    expect(take('keelson', 3)).toMatchInlineSnapshot(`
      [
        0.6017574626714717,
        0.6815793480921216,
        0.5393166135917214,
      ]
    `)
  })

  test('is flat: 100 cells of 100,000 draws are within five standard deviations', () => {
    for (const seed of [0, 1, 'a']) {
      const random = createSeededRandom(seed)
      const cells = Array.from({ length: 100 }, () => 0)
      for (let i = 0; i < 100_000; i++) {
        const cell = Math.floor(random.next() * 100)
        cells[cell] = (cells[cell] ?? 0) + 1
      }
      for (const count of cells) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(990))
    }
  })
})

test.each([undefined, null, {}, [1], true])('the seed %j is refused', seed => {
  expect(() => createSeededRandom(seed as unknown as number)).toThrow(
    expect.objectContaining({ code: 'Invalid', problems: [expect.objectContaining({ field: 'seed' })] }),
  )
})
