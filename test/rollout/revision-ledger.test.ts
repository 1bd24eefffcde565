import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LedgerEntry } from '../../src/rollout/index.js'
import {
  forgettable,
  mayBecome,
  nextNumber,
  stableEntry,
  undoTarget,
} from '../../src/rollout/revision-ledger.js'

const templates = ['a', 'b', 'c', 'd', 'e']
const outcomes = ['progressing', 'succeeded', 'failed', 'superseded'] as const

/** A ledger written as `a+ b- a+`: template, then `+` succeeded, `-` failed, `~` superseded, `?` progressing. */
function ledgerOf(text: string): LedgerEntry[] {
  return text.split(' ').map((entry, index) => ({
    number: index + 1,
    templateHash: entry.charAt(0),
    cause: 'update',
    outcome: outcomes['?+-~'.indexOf(entry.charAt(1))] ?? 'progressing',
  }))
}

const ledgers: fc.Arbitrary<LedgerEntry[]> = fc
  .array(fc.tuple(fc.constantFrom(...templates), fc.constantFrom(...outcomes)), {
    minLength: 1,
    maxLength: 20,
  })
  .map(list =>
    list.map(([templateHash, outcome], index) => ({
      number: index + 1,
      templateHash,
      cause: 'update',
      outcome,
    })),
  )

describe('an undo', () => {
  test.each([
    ['a+ b+', 'b', undefined, { kind: 'entry', entry: { number: 1 } }],
    ['a+ b+ c-', 'c', undefined, { kind: 'entry', entry: { number: 2 } }],
    ['a+ b- a+', 'a', undefined, { kind: 'nothing' }],
    ['a+ b+ a+', 'a', undefined, { kind: 'entry', entry: { number: 2 } }],
    ['a+', 'a', undefined, { kind: 'nothing' }],
    ['a+ b- c+', 'c', 2, { kind: 'entry', entry: { number: 2 } }],
    ['a+ b+', 'b', 2, { kind: 'current', entry: { number: 2 } }],
    ['a+ b+', 'b', 9, { kind: 'not-found', number: 9 }],
  ])('from %s at %s to %s', (text, current, toRevision, target) => {
    expect(undoTarget(ledgerOf(text), current, toRevision)).toMatchObject(target)
  })

  test('and its undo swap two templates for ever, under ever new numbers', () => {
    const ledger = ledgerOf('a+ b+')
    for (let round = 0; round < 4; round++) {
      const current = ledger.at(-1)!.templateHash
      const target = undoTarget(ledger, current)
      if (target.kind !== 'entry') throw new Error(target.kind)
      const { templateHash, number: from } = target.entry
      ledger.push({ number: nextNumber(ledger), templateHash, cause: 'undo', from, outcome: 'succeeded' })
    }
    expect(ledger.map(entry => `${entry.number}${entry.templateHash}`).join(' ')).toBe('1a 2b 3a 4b 5a 6b')
  })
})

describe('retention', () => {
  test('never forgets the newest, the stable or a live template, and keeps no more than it says', () => {
    fc.assert(
      fc.property(ledgers, fc.nat(4), fc.subarray(templates), (ledger, limit, live) => {
        const gone = new Set(forgettable(ledger, { live: new Set(live), limit }))
        const kept = ledger.filter(entry => !gone.has(entry))
        expect(kept).toContain(ledger.at(-1))
        expect(stableEntry(kept)).toEqual(stableEntry(ledger))
        for (const hash of live) {
          const had = ledger.some(entry => entry.templateHash === hash)
          expect(kept.some(entry => entry.templateHash === hash)).toBe(had)
        }
        expect(kept.length).toBeLessThanOrEqual(2 + live.length + 2 * limit)
        expect(nextNumber(kept)).toBe(nextNumber(ledger))
      }),
    )
  })

  test('a row of failures does not push out the last good ones', () => {
    const ledger = ledgerOf('a+ b+ c- d- e-')
    const gone = forgettable(ledger, { live: new Set(), limit: 2 })
    expect(gone.map(entry => entry.number)).toEqual([])
    expect(
      forgettable(ledgerOf('a+ b+ c+ d- e- f-'), { live: new Set(), limit: 2 }).map(entry => entry.number),
    ).toEqual([1])
  })

  test('is idempotent', () => {
    fc.assert(
      fc.property(ledgers, fc.nat(4), (ledger, limit) => {
        const gone = new Set(forgettable(ledger, { live: new Set(), limit }))
        const kept = ledger.filter(entry => !gone.has(entry))
        expect(forgettable(kept, { live: new Set(), limit })).toEqual([])
      }),
    )
  })
})

test('an outcome is written once; only a failure may still turn into a success', () => {
  const allowed = outcomes.flatMap(before =>
    outcomes.filter(after => mayBecome(before, after)).map(after => `${before} → ${after}`),
  )
  expect(allowed).toEqual([
    'progressing → succeeded',
    'progressing → failed',
    'progressing → superseded',
    'failed → succeeded',
  ])
})
