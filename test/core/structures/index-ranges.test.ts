import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IndexRanges } from '../../../src/core/internal.js'

const rangesOf = (indexes: Iterable<number>): IndexRanges => {
  const ranges = new IndexRanges()
  for (const index of indexes) ranges.add(index)
  return ranges
}

/** As written: one piece after another. */
function textOf(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b)
  const pieces: string[] = []
  while (sorted.length > 0) {
    const first = sorted.shift() ?? 0
    let last = first
    while (sorted[0] === last + 1) last = sorted.shift() ?? last
    pieces.push(last - first > 1 ? `${first}-${last}` : [...new Set([first, last])].join(','))
  }
  return pieces.join(',')
}

const someIndexes = fc.array(fc.nat(40), { maxLength: 40 })

describe('ranges of indexes', () => {
  test('hold what a set of the same numbers holds', () => {
    fc.assert(
      fc.property(someIndexes, someIndexes, (indexes, others) => {
        const set = new Set<number>()
        const ranges = new IndexRanges()
        for (const index of indexes) {
          expect(ranges.add(index)).toBe(!set.has(index))
          set.add(index)
        }
        const other = new Set(others)
        expect(ranges.size).toBe(set.size)
        expect(`${ranges}`).toBe(textOf(set))
        expect(`${IndexRanges.parse(`${ranges}`)}`).toBe(`${ranges}`)
        expect(ranges.countIn(rangesOf(other))).toBe([...set].filter(index => other.has(index)).length)
        expect(ranges.hasAll(rangesOf(other))).toBe([...other].every(index => set.has(index)))
        for (let index = 0; index <= 42; index += 1) {
          expect(ranges.has(index)).toBe(set.has(index))
          let missing = index
          while (set.has(missing)) missing += 1
          expect(ranges.firstMissing(index)).toBe(missing)
        }
      }),
    )
  })

  test('of which those below a limit are kept are the set of these, also when others are added', () => {
    fc.assert(
      fc.property(someIndexes, fc.nat(42), fc.nat(42), (indexes, limit, another) => {
        const ranges = rangesOf(indexes)
        if (another % 2 === 0) ranges.toString()
        ranges.keepBelow(limit)
        const kept = new Set(indexes.filter(index => index < limit))
        expect([`${ranges}`, ranges.size]).toEqual([textOf(kept), kept.size])
        expect(ranges.add(another)).toBe(!kept.has(another))
        expect(`${ranges}`).toBe(textOf(kept.add(another)))
      }),
    )
  })

  test('have the same text, however often it was asked for or read meanwhile', () => {
    const look = fc.constantFrom('none', 'write', 'read')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), look)), steps => {
        const set = new Set<number>()
        let ranges = new IndexRanges()
        for (const [index, looks] of steps) {
          ranges.add(index)
          set.add(index)
          if (looks === 'none') continue
          expect(`${ranges}`).toBe(textOf(set))
          if (looks === 'read') ranges = IndexRanges.parse(`${ranges}`)
        }
        expect(`${ranges}`).toBe(textOf(set))
      }),
    )
  })

  test.each([
    ['1-2', '1,2'],
    ['1,2,3', '1-3'],
    ['1,2-4', '1-4'],
    ['1-3,4', '1-4'],
    ['00,03-05', '0,3-5'],
  ])('write %j as Kubernetes does', (text, plain) => {
    const ranges = IndexRanges.parse(text)
    expect(`${ranges}`).toBe(plain)
    ranges.add(9)
    expect(`${ranges}`).toBe(`${plain},9`)
  })

  test('name the piece that cannot be read', () => {
    for (const [text, piece] of [
      ['1,x2,3', 'x2'],
      ['1,12345678901', '12345678901'],
      [',1', ''],
      ['1,5-3,9', '5-3'],
      ['1,', ''],
    ])
      expect(() => IndexRanges.parse(text ?? '')).toThrow(`${JSON.stringify(piece)} must be`)
  })

  test('read neighbours that are listed, as one', () => {
    const ranges = IndexRanges.parse('0-2,3,4,6')
    expect([ranges.size, `${ranges}`, ranges.firstMissing(0)]).toEqual([6, '0-4,6', 5])
  })

  test.each(['1,1', '3-2', '2,1', '0-3,2', 'a', '1-', '-1', '1,,2', ' 1', '9', '8-9', '1.5'])(
    'refuse %j below 9',
    text => {
      expect(() => IndexRanges.parse(text, 9)).toThrow(expect.objectContaining({ code: 'Invalid' }))
    },
  )
})
