import { describe, expect, test } from 'vitest'
import { numberOf, numbersIn } from './numbers.js'
import { tablesOf } from './tables.js'

describe('the reader of numbers', () => {
  test.each([
    ['100,000 revisions', [100_000]],
    ['2 × `logCapacity` revisions', [2]],
    ['30 s, 2 s, 3', [30_000, 2_000, 3]],
    ['1000, 10,000', [1_000, 10_000]],
    ['100 ms, doubled up to 5 minutes', [100, 300_000]],
    ['24 h, 8 MiB, 2^24, 9e12 ms', [86_400_000, 8_388_608, 16_777_216, 9e12]],
    ['none', []],
  ])('reads %s', (text, numbers) => {
    expect(numbersIn(text)).toEqual(numbers)
  })

  const planted = [
    {
      path: 'src/a/one.ts',
      text: 'const A_MAX: number = 2 ** 31 - 1 // A_MAX = 5\nconst { waitMs = 1_500, size = 8 * 2 ** 20 } = o\nf(o.most ?? 7, { at: 3 })\nx({ at: 4 })',
    },
    { path: 'src/b/two.ts', text: '' },
    { path: 'src/c/two.ts', text: '' },
  ]
  test.each([
    ['A_MAX', 2 ** 31 - 1],
    ['waitMs', 1_500],
    ['size', 8_388_608],
    ['most', 7],
  ])('finds %s in code', (name, value) => {
    expect(numberOf(planted, 'one', name)).toBe(value)
  })

  test('finds a file by its area', () => {
    const sources = [{ path: 'src/b/deep/one.ts', text: 'const A_MAX = 3' }, ...planted]
    expect(numberOf(sources, 'b/one', 'A_MAX')).toBe(3)
    expect(() => numberOf(sources, 'one', 'A_MAX')).toThrow('2 files are called one')
  })

  test.each([
    ['three', 'A', '0 files are called three'],
    ['two', 'A', '2 files are called two'],
    ['one', 'lost', 'gives lost 0 numbers'],
    ['one', 'at', 'gives at 2 numbers'],
  ])('refuses %s: %s', (file, name, says) => {
    expect(() => numberOf(planted, file, name)).toThrow(says)
  })

  test('reads tables outside of code', () => {
    const text =
      '```md\n| a | b |\n| - | - |\n| 1 | 2 |\n```\n\n| c | d |\n| --- | --- |\n| 3 `x` | 4 |\n\ntext\n'
    expect(tablesOf(text)).toEqual([{ line: 7, header: ['c', 'd'], rows: [['3 `x`', '4']] }])
  })
})
