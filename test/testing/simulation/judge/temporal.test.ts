import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Invariant } from '../../../../src/testing/index.js'
import {
  always,
  atRest,
  bounded,
  eventually,
  leadsTo,
  never,
  stable,
  until,
  writesPerChange,
} from '../../../../src/testing/index.js'
import { isOneOf, told, viewAfter } from './step-views.js'

// In a story `p` and `q` hold where their letters stand, `b` is both, `-` is neither.
const p = isOneOf('pb')
const q = isOneOf('qb')
const story = fc.string({ unit: fc.constantFrom('p', 'q', 'b', '-'), minLength: 1, maxLength: 12 })
const hasP = (letter: string): boolean => letter === 'p' || letter === 'b'
const hasQ = (letter: string): boolean => letter === 'q' || letter === 'b'

/** What each word means, by looking at all of a finished story. */
const meanings: readonly [string, Invariant, (letters: readonly string[]) => boolean][] = [
  ['always', always('p', p), letters => letters.every(hasP)],
  ['never', never('p', p), letters => !letters.some(hasP)],
  ['eventually', eventually('p', p), letters => letters.some(hasP)],
  ['eventually, in time', eventually('p', p, { withinSteps: 3 }), letters => letters.slice(0, 4).some(hasP)],
  [
    'leadsTo',
    leadsTo('p, then q', p, q),
    letters => letters.every((letter, at) => !hasP(letter) || letters.slice(at).some(hasQ)),
  ],
  [
    'leadsTo, in time',
    leadsTo('p, then q', p, q, { withinMs: 2 }),
    letters => letters.every((letter, at) => !hasP(letter) || letters.slice(at, at + 3).some(hasQ)),
  ],
  [
    'until',
    until('p until q', p, q),
    letters => letters.every((_, at) => letters.slice(0, at + 1).some(hasQ) || hasP(letters[at] ?? '')),
  ],
  [
    'stable',
    stable('p', p),
    letters => letters.every((letter, at) => hasP(letter) || !letters.slice(0, at).some(hasP)),
  ],
]

test.each(meanings)('%s says what it means of every story that ends', (_word, invariant, meaning) => {
  fc.assert(
    fc.property(story, letters => {
      expect(told(invariant, `${letters}.`) === undefined).toBe(meaning(letters.split('')))
    }),
  )
})

test.each(meanings)(
  '%s holds in a story only if it holds in each beginning that is at rest',
  (_word, invariant) => {
    fc.assert(
      fc.property(story, story, (first, second) => {
        const begun = told(invariant, `${first}.`)
        if (begun !== undefined) expect(told(invariant, `${first}.${second}.`)).toBe(begun)
      }),
    )
  },
)

describe('what is wrong', () => {
  test.each([
    ['a text', always('p', () => '2 pods too many'), 'p', '2 pods too many, at 1 ms, app-1: update App web'],
    ['no text', always('p', p), 'pq', 'not so, at 2 ms, app-1: update App web'],
    ['what there is', never('p', () => 'a ghost'), 'p', 'a ghost, at 1 ms, app-1: update App web'],
    ['since when', leadsTo('q', p, q), '-p-.', 'not so, owed since at 2 ms, app-1: update App web'],
    ['that it is late', eventually('q', q, { withinSteps: 1 }), '--q', /^not in time, owed since at 1 ms/],
    ['when it was right', stable('p', p), '-pq', /^not so, at 3 ms.*; it was so at 2 ms/],
    ['by how much', bounded('pods', () => 3, 2), '-', /^3, above 2/],
    ['what is wrong at rest', atRest('p', p), 'p-.', 'not so'],
  ])('is told by %s', (_what, invariant, letters, message) => {
    const wrong = told(invariant, letters)
    expect(wrong).toBeDefined()
    if (typeof message === 'string') expect(wrong).toBe(message)
    else expect(wrong).toMatch(message)
  })

  test.each([
    ['undefined', undefined],
    ['an empty text', ''],
    ['a promise', Promise.resolve(true)],
    ['a number', 1],
  ])('is not a predicate that answers %s', (_what, answer) => {
    const invariant = always('p', () => answer as unknown as boolean)
    expect(() => told(invariant, 'p')).toThrow(/answers true, false or a text/)
  })

  test('is not a count that is no number', () => {
    expect(() =>
      told(
        bounded('pods', () => Number.NaN, 1),
        'p',
      ),
    ).toThrow(/must return a number/)
    expect(() => bounded('pods', () => 1, Number.NaN)).toThrow(/must be a number/)
  })

  test.each([-1, Number.NaN])('is not a deadline of %d', withinMs => {
    expect(() => eventually('p', p, { withinMs })).toThrow(/must be a number ≥ 0/)
  })
})

test('what must come about, or hold at rest, is watched where objects are kept; everything else everywhere', () => {
  const endings = (invariants: readonly Invariant[]): readonly unknown[] =>
    invariants.map(invariant => invariant.endings ?? 'both')
  const lively = [eventually('p', p), leadsTo('p', p, q), atRest('p', p)]
  const safe = [always('p', p), never('p', p), until('p', p, q), stable('p', p), bounded('p', () => 1, 1)]
  expect(endings(lively)).toEqual(['kept', 'kept', 'kept'])
  expect(endings(safe)).toEqual(['both', 'both', 'both', 'both', 'both'])
  expect(endings([atRest('p', p, { endings: 'both' }), always('p', p, { endings: 'deleted' })])).toEqual([
    'both',
    'deleted',
  ])
})

describe('writes for each change', () => {
  const change = { before: undefined, after: undefined }
  const own = viewAfter({ changes: [change] })
  const idle = viewAfter()
  const users = viewAfter({ changes: [change], step: { kind: 'user', actor: 'user' } })
  const rest = viewAfter({ step: { kind: 'rest', actor: 'world' } })

  test.each([
    ['are few', [users, own, own], undefined],
    ['are too many', [users, own, own, own], '3 writes for 1 changes from outside, above 2 each'],
    ['may come late', [users, users, own, own, own, own], undefined],
    ['are not steps without a change', [users, own, idle, idle, own], undefined],
    [
      'are counted anew after a rest',
      [users, users, rest, own],
      '1 writes for 0 changes from outside, above 2 each',
    ],
  ])('%s', (_what, moments, wrong) => {
    const monitor = writesPerChange(2).begin()
    const said = moments.map(view =>
      view.step.kind === 'rest' ? monitor.rest?.(view) : monitor.step?.(view),
    )
    expect(said.find(text => text !== undefined)).toBe(wrong)
  })

  test('have a bound that is a whole number', () => {
    expect(() => writesPerChange(1.5)).toThrow(/whole number/)
  })
})
