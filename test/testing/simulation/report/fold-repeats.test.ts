import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldRepeats } from '../../../../src/testing/simulation/report/fold-repeats.js'

const fold = (text: string): readonly string[] =>
  foldRepeats(text.split(''), letter => letter).map(({ items, times }) => `${times}×${items.join('')}`)

test.each([
  ['', []],
  ['abc', ['1×abc']],
  ['aa', ['1×aa']],
  ['aaa', ['3×a']],
  ['xabababy', ['1×x', '3×ab', '1×y']],
  ['abcabcabcab', ['3×abc', '1×ab']],
  ['aaabbb', ['3×a', '3×b']],
])('%j is told as %j', (text, told) => {
  expect(fold(text)).toEqual(told)
})

test('nothing is lost, and nothing is told that is not there', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60 }), letters => {
      const folded = foldRepeats(letters, letter => letter)
      expect(folded.flatMap(({ all }) => all)).toEqual(letters)
      for (const { items, times, all } of folded)
        expect(Array.from({ length: times }, () => items).flat()).toEqual(all)
    }),
  )
})
