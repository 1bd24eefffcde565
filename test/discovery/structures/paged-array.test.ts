import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PagedArray } from '../../../src/discovery/structures/paged-array.js'

/** Close to each other, at the edges of pages, and far apart. */
const index = fc.constantFrom(0, 1, 2, 63, 64, 65, 128, 4_095, 65_535)

test('a paged array agrees with a Map, and lists its values by number', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(index, fc.boolean()), { maxLength: 40 }), steps => {
      const [paged, map] = [new PagedArray<{ step: number }>(), new Map<number, { step: number }>()]
      for (const [step, [at, isSet]] of steps.entries()) {
        if (isSet) {
          paged.set(at, { step })
          map.set(at, { step })
        } else {
          expect(paged.take(at)).toEqual(map.get(at))
          map.delete(at)
        }
        expect(paged.get(at)).toEqual(map.get(at))
      }
      expect([...paged.entries()]).toEqual([...map].sort(([a], [b]) => a - b))
    }),
    { numRuns: 50 },
  )
})
