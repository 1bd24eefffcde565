import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { History } from '../../src/store/engine/history.js'

type Step = { readonly kind: 'write' | 'pin' | 'release'; readonly which: number }

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step['kind']>('write', 'write', 'pin', 'pin', 'release'),
  which: fc.nat(9),
})

describe('history', () => {
  test('goes up to the oldest pin, and past one that is twice the log behind, however far apart revisions are', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(1, 9),
        (steps, capacity, apart) => {
          const history = new History(capacity, 0, () => 0)
          let head = 0
          let pins: number[] = []
          for (const { kind, which } of steps) {
            if (kind === 'pin') {
              const revision = Math.max(history.oldest, head - which * apart)
              history.pin(revision)
              pins.push(revision)
            } else if (kind === 'release') {
              for (const revision of pins.splice(which % Math.max(1, pins.length), 1)) {
                const waited = history.release(revision)
                expect(waited).toBe(history.cut(1_000) > 0)
              }
            } else {
              head += apart
              const revision = head - capacity * apart
              if (revision > 0) history.retire({ revision, changes: [] } as never, capacity)
              history.cut(1_000)
            }
            const held = pins.filter(revision => head - revision <= 2 * capacity * apart)
            expect(history.oldest).toBe(Math.min(Math.max(0, head - capacity * apart), ...held))
            pins = pins.filter(revision => revision >= history.oldest)
          }
        },
      ),
      { numRuns: 250 },
    )
  })
})
