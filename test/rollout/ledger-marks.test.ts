import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LedgerMark } from '../../src/core/internal.js'
import { isPinned, readMarks, tagsOf, withMark } from '../../src/rollout/ledger-marks.js'

const said = { by: 'ann', time: '2026-01-01T00:00:00Z' }
const mark: fc.Arbitrary<LedgerMark> = fc
  .oneof(
    fc.constantFrom('pin' as const, 'unpin' as const, 'abort' as const).map(verb => ({ verb, ...said })),
    fc.record({ verb: fc.constantFrom('tag' as const, 'untag' as const), tag: fc.constantFrom('a', 'b') }),
    fc.record({ verb: fc.constant('promote' as const), waypoint: fc.nat(64) }),
    fc.record({ verb: fc.constant('retry' as const), attempt: fc.integer({ min: 1, max: 9 }) }),
  )
  .map(one => ({ ...said, ...one }))

describe('the marks of an entry', () => {
  test('are at most 1,000, the newest among them', () => {
    let marks: readonly LedgerMark[] = []
    for (let count = 0; count < 1_100; count++)
      marks = withMark(marks, { ...said, verb: 'pause', reason: `${count}` })
    expect([marks.length, marks[0]?.reason, marks.at(-1)?.reason]).toEqual([1_000, '100', '1099'])
  })

  test('forget nothing that holds, however many come after it', () => {
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 12 }), first => {
        let marks: readonly LedgerMark[] = first
        for (let count = 0; count < 1_010; count++)
          marks = withMark(marks, { ...said, verb: count % 2 === 0 ? 'pause' : 'resume' })
        expect(marks).toHaveLength(1_000)
        const told = (all: readonly LedgerMark[]): unknown => [
          isPinned(all),
          tagsOf(all).toSorted(),
          readMarks(all),
        ]
        expect(told(marks)).toEqual(told(first))
      }),
      { numRuns: 10 },
    )
  })
})
