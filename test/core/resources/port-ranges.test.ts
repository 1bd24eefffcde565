import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PortRange, PortRanges } from '../../../src/core/resources/port-ranges.js'
import {
  containsPortRanges,
  countPorts,
  equalPortRanges,
  formatPortRanges,
  hasPort,
  intersectPortRanges,
  overlappingPortRanges,
  parsePortRanges,
  portRangesOf,
  subtractPortRanges,
  takePorts,
  unionPortRanges,
} from '../../../src/core/resources/port-ranges.js'

const invalid = expect.objectContaining({ code: 'Invalid' })
const ranges = (...pairs: PortRange[]): PortRanges => portRangesOf(pairs)

const pair = fc.tuple(fc.nat(40), fc.nat(6)).map(([first, more]): PortRange => [first, first + more])
const pairs = fc.array(pair, { maxLength: 6 })
const numbers = (list: Iterable<PortRange>): Set<number> =>
  new Set([...list].flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i)))
const sorted = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b)

/** Sorted, without overlap, and never two pieces that touch. */
function isCanonical(list: PortRanges): boolean {
  return list.every(([first, last], i) => first <= last && (i === 0 || first > list[i - 1]![1] + 1))
}

describe('port ranges', () => {
  test('agree with sets of numbers', () => {
    fc.assert(
      fc.property(pairs, pairs, fc.nat(50), (p, q, port) => {
        const [a, b] = [portRangesOf(p), portRangesOf(q)]
        const [A, B] = [numbers(p), numbers(q)]
        const results: [PortRanges, number[]][] = [
          [a, sorted(A)],
          [unionPortRanges(a, b), sorted([...A, ...B].filter((n, i, all) => all.indexOf(n) === i))],
          [subtractPortRanges(a, b), sorted([...A].filter(n => !B.has(n)))],
          [intersectPortRanges(a, b), sorted([...A].filter(n => B.has(n)))],
        ]
        for (const [result, expected] of results) {
          expect(isCanonical(result)).toBe(true)
          expect(sorted(numbers(result))).toEqual(expected)
        }
        expect(countPorts(a)).toBe(A.size)
        expect(containsPortRanges(a, b)).toBe([...B].every(n => A.has(n)))
        expect(equalPortRanges(a, b)).toBe(A.size === B.size && [...A].every(n => B.has(n)))
        expect(hasPort(a, port)).toBe(A.has(port))
      }),
    )
  })

  test('taking gives consecutive ports with wrap-around, and the rest', () => {
    fc.assert(
      fc.property(pairs, fc.nat(12), fc.nat(60), (p, count, start) => {
        const a = portRangesOf(p)
        const all = sorted(numbers(p))
        const result = takePorts(a, count, start)
        const expected = Array.from({ length: count }, (_, i) => all[(start + i) % all.length])
        expect(result?.taken).toEqual(count > all.length ? undefined : expected)
        const rest = result === undefined ? all : all.filter(n => !expected.includes(n))
        expect(sorted(numbers(result?.rest ?? a))).toEqual(rest)
      }),
    )
  })

  test('text parses back to the same ranges', () => {
    fc.assert(
      fc.property(pairs, p => {
        const a = portRangesOf(p)
        expect(parsePortRanges(formatPortRanges(a))).toEqual(a)
        expect(parsePortRanges(`[${a.map(([f, l]) => `${f}-${l}`).join(', ')}]`)).toEqual(a)
      }),
    )
  })

  test('overlap is found however the ranges are ordered', () => {
    fc.assert(
      fc.property(pairs, p => {
        const total = p.reduce((sum, [first, last]) => sum + last - first + 1, 0)
        expect(overlappingPortRanges(p) !== undefined).toBe(total !== numbers(p).size)
      }),
    )
    expect(
      overlappingPortRanges([
        [5, 6],
        [1, 10],
      ]),
    ).toEqual([
      [1, 10],
      [5, 6],
    ])
    expect(
      overlappingPortRanges([
        [1, 5],
        [6, 9],
      ]),
    ).toBeUndefined()
  })

  test.each<[PortRange[], PortRange[]]>([
    [
      [
        [1, 3],
        [4, 6],
      ],
      [[1, 6]],
    ],
    [
      [
        [1, 3],
        [5, 6],
      ],
      [
        [1, 3],
        [5, 6],
      ],
    ],
    [
      [
        [5, 9],
        [1, 6],
      ],
      [[1, 9]],
    ],
    [
      [
        [1, 10],
        [2, 3],
      ],
      [[1, 10]],
    ],
    [
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      [[1, 3]],
    ],
    [
      [
        [1, 5],
        [1, 9],
      ],
      [[1, 9]],
    ],
    [[], []],
    [
      [
        [7, 7],
        [7, 7],
      ],
      [[7, 7]],
    ],
    [
      [
        [31000, 32000],
        [21000, 24000],
        [24001, 30999],
      ],
      [[21000, 32000]],
    ],
  ])('%j joins to %j', (given, joined) => expect(portRangesOf(given)).toEqual(joined))

  test.each<[PortRange[], PortRange[], PortRange[]]>([
    [
      [[1, 10]],
      [[5, 5]],
      [
        [1, 4],
        [6, 10],
      ],
    ],
    [[[1, 10]], [[1, 10]], []],
    [
      [[1, 10]],
      [
        [0, 3],
        [8, 20],
      ],
      [[4, 7]],
    ],
    [
      [
        [1, 3],
        [4, 6],
      ],
      [[10, 12]],
      [[1, 6]],
    ],
    [
      [
        [1, 5],
        [8, 12],
      ],
      [[4, 9]],
      [
        [1, 3],
        [10, 12],
      ],
    ],
    [[], [[1, 2]], []],
    [
      [[31000, 32000]],
      [
        [31001, 31001],
        [31003, 31003],
        [31999, 32000],
      ],
      [
        [31000, 31000],
        [31002, 31002],
        [31004, 31998],
      ],
    ],
  ])('%j without %j is %j', (a, b, left) =>
    expect(subtractPortRanges(ranges(...a), ranges(...b))).toEqual(left),
  )

  test.each<[PortRange[], PortRange[], boolean]>([
    [
      [
        [1, 5],
        [6, 10],
      ],
      [[4, 7]],
      true,
    ],
    [
      [
        [1, 5],
        [7, 10],
      ],
      [[4, 7]],
      false,
    ],
    [
      [[1, 10]],
      [
        [2, 3],
        [5, 9],
      ],
      true,
    ],
    [[[1, 10]], [], true],
    [[], [[1, 1]], false],
    [
      [[1, 10]],
      [
        [1, 10],
        [3, 4],
      ],
      true,
    ],
  ])('%j contains %j: %s', (a, b, expected) =>
    expect(containsPortRanges(ranges(...a), ranges(...b))).toBe(expected),
  )

  test('equality is by covered numbers, and the size is their count', () => {
    expect(equalPortRanges(ranges([1, 3], [4, 6]), ranges([1, 6]))).toBe(true)
    expect(equalPortRanges(ranges([4, 6], [1, 3]), ranges([1, 3], [4, 6]))).toBe(true)
    expect(equalPortRanges(ranges([1, 3]), ranges([1, 4]))).toBe(false)
    expect([ranges([1, 5]), ranges([1, 3], [3, 9]), ranges()].map(countPorts)).toEqual([5, 9, 0])
  })

  test.each<[string, PortRange[]]>([
    [
      '31000-32000,8080',
      [
        [8080, 8080],
        [31000, 32000],
      ],
    ],
    ['[31000-32000]', [[31000, 32000]]],
    [
      ' [ 1-2 , 4 - 5 ] ',
      [
        [1, 2],
        [4, 5],
      ],
    ],
    ['', []],
    ['[]', []],
    ['0-65535', [[0, 65535]]],
  ])('%j reads as %j', (text, expected) => expect(parsePortRanges(text)).toEqual(expected))

  test.each(['5-4', '-1', '1-', '1,,2', '65536', '1-65536', 'a', '[1', '1.5', '1e3', '['])(
    '%j is refused',
    text => {
      expect(() => parsePortRanges(text)).toThrow(invalid)
    },
  )

  test('a higher bound may be given for ranges of other things', () => {
    expect(parsePortRanges('1-100000', { max: 100_000 })).toEqual([[1, 100_000]])
    expect(() => portRangesOf([[0, 1.5]], { max: 100_000 })).toThrow(invalid)
  })

  test('fixed ports are set aside before consecutive ones are taken', () => {
    const offered = ranges([31000, 31002], [32000, 32001])
    expect(takePorts(offered, 2)?.taken).toEqual([31000, 31001])
    expect(takePorts(offered, 3, 4)?.taken).toEqual([32001, 31000, 31001])
    expect(takePorts(subtractPortRanges(offered, ranges([31001, 31001])), 2, 1)?.taken).toEqual([
      31002, 32000,
    ])
    expect(takePorts(ranges([31000, 31002]), 4)).toBeUndefined()
    expect(takePorts(ranges(), 0, 2)?.taken).toEqual([])
  })
})
