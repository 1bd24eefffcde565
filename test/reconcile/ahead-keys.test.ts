import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AheadKeys } from '../../src/reconcile/controller/ahead-keys.js'

const step: fc.Arbitrary<readonly ['ran' | 'told' | 'take', string, number]> = fc.tuple(
  fc.constantFrom('ran', 'ran', 'ran', 'told', 'take'),
  fc.constantFrom('a', 'b', 'c', 'd'),
  fc.nat(5),
)

test('a gap concerns the keys whose latest run saw more than was told', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const ahead = new AheadKeys()
      let latest = new Map<string, number>()
      let revision = 0
      let told = 0
      for (const [what, name, by] of steps) {
        if (what === 'ran') {
          revision += by
          ahead.ran({ name }, revision)
          latest.set(name, revision)
        } else if (what === 'told') {
          told = Math.min(revision, told + by)
          ahead.told(told)
        } else {
          const concerned = [...latest].filter(([, seen]) => seen > told).map(([key]) => key)
          const taken = ahead.take(told).map(key => key.name)
          expect(taken.toSorted()).toEqual(concerned.toSorted())
          expect(ahead.take(0)).toEqual([])
          latest = new Map()
        }
      }
      ahead.told(revision)
      expect(ahead.take(-1)).toEqual([])
    }),
  )
})
