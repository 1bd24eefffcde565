import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SequenceRing } from '../../../src/core/structures/ring.js'

const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('push'), value: fc.integer() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('drop'), value: fc.integer({ min: -3, max: 20 }) }) },
)

describe('sequence ring', () => {
  test('agrees with a plain list of the latest entries', () => {
    const starts = fc.constantFrom(0, 1, 7, 2 ** 31 - 5, 2 ** 40)
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 150 }),
        fc.integer({ min: 1, max: 40 }),
        starts,
        (commands, entriesMax, start) => {
          const ring = new SequenceRing<number>({ entriesMax, start })
          let kept: [number, number][] = []
          let next = start
          for (const { op, value } of commands) {
            const sequence = ring.lowest + value
            const before = kept
            if (op === 'push') kept = [...kept, [next++, value] as [number, number]].slice(-entriesMax)
            else kept = kept.filter(([at]) => at >= sequence)
            const result = op === 'push' ? ring.push(value) : ring.dropBefore(sequence)
            expect(result).toBe(op === 'push' ? next - 1 : before.length - kept.length)
            expect([ring.size, ring.next, ring.lowest]).toEqual([kept.length, next, kept[0]?.[0] ?? next])
            expect([...ring.entriesFrom()]).toEqual(kept)
            for (const [at, entry] of kept) expect(ring.get(at)).toBe(entry)
            expect([ring.get(ring.lowest - 1), ring.get(next)]).toEqual([undefined, undefined])
          }
        },
      ),
    )
  })

  test('a reader from a dropped sequence goes on with the oldest that is left, also when entries drop meanwhile', () => {
    const ring = new SequenceRing<string>({ entriesMax: 3 })
    for (const entry of ['a', 'b', 'c', 'd']) ring.push(entry)
    const reader = ring.entriesFrom(0)
    expect(reader.next().value).toEqual([1, 'b'])
    ring.dropBefore(3)
    expect(reader.next().value).toEqual([3, 'd'])
    expect(reader.next().done).toBe(true)
    expect([...ring.entriesFrom(99)]).toEqual([])
  })

  test('refuses bad bounds', () => {
    const invalid = expect.objectContaining({ code: 'Invalid' })
    for (const entriesMax of [0, -1, 1.5, 2 ** 31])
      expect(() => new SequenceRing({ entriesMax })).toThrow(invalid)
    for (const start of [-1, 0.5, 2 ** 53]) expect(() => new SequenceRing({ start })).toThrow(invalid)
  })
})
