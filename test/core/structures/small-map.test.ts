import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SmallMap } from '../../../src/core/structures/small-map.js'

const step = fc.record({
  does: fc.constantFrom('set', 'set', 'delete'),
  key: fc.nat(3),
  value: fc.nat(9),
} as const)

test('a small map is a Map, whatever is put in and taken out', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      const map = new Map<number, number>()
      const small = new SmallMap<number, number>()
      for (const { does, key, value } of steps) {
        if (does === 'set') {
          map.set(key, value)
          small.set(key, value)
        } else {
          map.delete(key)
          small.delete(key)
        }
        const entries: [number, number][] = []
        small.forEach((value, key) => entries.push([key, value]))
        expect(entries).toEqual([...map])
        expect(small.size).toBe(map.size)
        for (const any of [0, 1, 2, 3]) {
          expect(small.get(any)).toBe(map.get(any))
          expect(small.has(any)).toBe(map.has(any))
        }
      }
    }),
  )
})
