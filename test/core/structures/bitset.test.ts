import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bitset } from '../../../src/core/structures/bitset.js'

const first = (from: number, limit: number, wanted: (index: number) => boolean): number | undefined => {
  for (let index = from; index < limit; index++) if (wanted(index)) return index
  return undefined
}

// Runs of neighbours fill whole words, so that both summaries change.
const command = fc.record({
  op: fc.constantFrom('add', 'add', 'delete', 'find', 'clear-rarely' as const),
  start: fc.nat(2200),
  length: fc.nat(600),
})

describe('bitset', () => {
  test('agrees with a Set of numbers under any sequence of operations', () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 40 }),
        fc.integer({ min: 2000, max: 2100 }),
        (commands, limit) => {
          const bitset = new Bitset(limit)
          const oracle = new Set<number>()
          for (const [step, { op, start, length }] of commands.entries()) {
            const end = Math.min(start + length, limit)
            for (let index = start; index < end && (op === 'add' || op === 'delete'); index++) {
              const changes = oracle.has(index) === (op === 'delete')
              expect(bitset[op](index)).toBe(changes)
              oracle[op](index)
            }
            if (op === 'clear-rarely' && step % 5 === 4) {
              bitset.clear()
              oracle.clear()
            }
            expect(bitset.count).toBe(oracle.size)
            expect(bitset.has(start)).toBe(oracle.has(start))
            for (const from of [0, start, end]) {
              expect(bitset.firstSet(from)).toBe(first(from, limit, index => oracle.has(index)))
              expect(bitset.firstClear(from)).toBe(first(from, limit, index => !oracle.has(index)))
            }
          }
          expect([...bitset]).toEqual([...oracle].sort((a, b) => a - b))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('finds over three levels of summary', () => {
    const bitset = new Bitset(2 ** 21)
    bitset.add(2 ** 21 - 1)
    expect(bitset.firstSet(1)).toBe(2 ** 21 - 1)
    for (let index = 0; index < 2 ** 17; index++) bitset.add(index)
    expect(bitset.firstClear()).toBe(2 ** 17)
    bitset.delete(77_777)
    expect(bitset.firstClear()).toBe(77_777)
    expect(bitset.firstClear(77_778)).toBe(2 ** 17)
    expect(bitset.firstSet(2 ** 17)).toBe(2 ** 21 - 1)
  })

  test('holds integers below its limit and nothing else', () => {
    const bitset = new Bitset(33)
    for (const index of [-1, 33, 0.5, Number.NaN, 2 ** 32, Number.POSITIVE_INFINITY]) {
      expect(() => bitset.add(index)).toThrow(expect.objectContaining({ code: 'Invalid' }))
      expect(bitset.has(index)).toBe(false)
      expect(bitset.delete(index)).toBe(false)
    }
    for (let index = 0; index < 33; index++) bitset.add(index)
    expect([bitset.count, bitset.firstClear(), bitset.firstClear(40), bitset.firstSet(33)]).toEqual([
      33,
      undefined,
      undefined,
      undefined,
    ])
    expect(bitset.has(32 + 2 ** 32)).toBe(false)
  })

  test.each([-1, 1.5, Number.NaN, 2 ** 31 + 1])('refuses a limit of %s', limit => {
    expect(() => new Bitset(limit)).toThrow(expect.objectContaining({ code: 'Invalid' }))
  })
})
