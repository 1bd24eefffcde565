import { expect, test } from 'vitest'
import type { TraceStep } from '../../../../src/testing/index.js'
import { loopAtEnd } from '../../../../src/testing/simulation/run/loop-at-end.js'

function traceOf(letters: string): readonly TraceStep[] {
  return letters.split('').map((label, at) => ({
    kind: 'commit',
    actor: 'app-1',
    label,
    timeMs: at,
    isFault: false,
  }))
}

test.each([
  ['', undefined],
  ['abcdef', undefined],
  ['abab', undefined],
  ['ababab', { from: 0, length: 2 }],
  ['xyababab', { from: 2, length: 2 }],
  ['xyababa', undefined],
  ['xyabababa', { from: 2, length: 2 }],
  ['aaa', { from: 0, length: 1 }],
  ['abbabbabb', { from: 0, length: 3 }],
  ['ababx', undefined],
])('the end of %j that repeats', (letters, loop) => {
  expect(loopAtEnd(traceOf(letters))).toEqual(loop)
})
