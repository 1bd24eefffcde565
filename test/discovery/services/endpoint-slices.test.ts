import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SliceContent } from '../../../src/discovery/services/endpoint-slices.js'
import { planSlices } from '../../../src/discovery/services/endpoint-slices.js'
import { emptyMap } from '../../../src/discovery/structures/persistent-map.js'

interface Item {
  readonly id: string
  readonly version: number
}

const equal = (a: Item, b: Item): boolean => a.id === b.id && a.version === b.version
const items = fc.uniqueArray(fc.record({ id: fc.nat(30).map(n => `e${n}`), version: fc.nat(1) }), {
  selector: item => item.id,
  maxLength: 25,
})

describe('slice plan', () => {
  test('after any series of plans the slices hold what is desired, once, within their size', () => {
    fc.assert(
      fc.property(
        fc.array(items, { maxLength: 6 }),
        fc.integer({ min: 1, max: 6 }),
        (rounds, maxPerSlice) => {
          const slices = new Map<string, SliceContent<Item>>()
          let named = 0
          for (const desired of rounds) {
            const input = {
              existing: [...slices.values()],
              desired,
              maxPerSlice,
              equal,
              newName: () => `s${named++}`,
            }
            const plan = planSlices(input)
            for (const { name } of plan.create) expect(slices.has(name)).toBe(false)
            for (const slice of [...plan.update, ...plan.create]) slices.set(slice.name, slice)
            for (const name of plan.delete) expect(slices.delete(name)).toBe(true)
            const held = [...slices.values()].flatMap(slice => slice.endpoints)
            const byId = (list: readonly Item[]): readonly Item[] =>
              [...list].sort((a, b) => (a.id < b.id ? -1 : 1))
            expect(byId(held)).toEqual(byId(desired))
            for (const { endpoints } of slices.values()) {
              expect(endpoints.length).toBeLessThanOrEqual(maxPerSlice)
              expect(endpoints.length > 0 || slices.size === 1).toBe(true)
            }
            const again = planSlices({ ...input, existing: [...slices.values()] })
            expect(again).toEqual({ create: [], update: [], delete: [] })
          }
        },
      ),
    )
  })
})

describe('persistent map', () => {
  test('agrees with a Map, and older versions stay as they were', () => {
    const step = fc.record({ key: fc.nat(40).map(String), value: fc.option(fc.nat(), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 10 }), { maxLength: 8 }), edits => {
        let map = emptyMap<number>()
        const model = new Map<string, number>()
        const versions: [typeof map, Map<string, number>][] = []
        for (const steps of edits) {
          const edit = map.edit()
          for (const { key, value } of steps) {
            if (value === undefined) {
              edit.delete(key)
              model.delete(key)
            } else {
              edit.set(key, value)
              model.set(key, value)
            }
            expect(edit.get(key)).toBe(value)
          }
          map = edit.done()
          versions.push([map, new Map(model)])
        }
        for (const [version, expected] of versions) {
          expect(new Map(version.entries())).toEqual(expected)
          expect(version.size).toBe(expected.size)
        }
      }),
    )
  })
})
