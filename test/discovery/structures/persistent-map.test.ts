import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PersistentMap } from '../../../src/discovery/structures/persistent-map.js'
import { emptyMap } from '../../../src/discovery/structures/persistent-map.js'
import { hashText } from '../../../src/discovery/structures/text-hash.js'

const sorted = (map: Iterable<[string, number]>): unknown =>
  [...map].sort(([a], [b]) => (a < b ? -1 : Number(a > b)))

test('it is a map, and every version of it stays what it was', () => {
  const edit = fc.array(
    fc.record({ key: fc.nat(300).map(String), value: fc.option(fc.nat(9), { nil: undefined }) }),
    {
      maxLength: 200,
    },
  )
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 6 }), edits => {
      let map = emptyMap<number>()
      const oracle = new Map<string, number>()
      const versions: (readonly [PersistentMap<number>, Map<string, number>])[] = [[map, new Map()]]
      for (const changes of edits) {
        const written = new Set<number>()
        const before = new Map(oracle)
        const open = map.edit(hash => written.add(hash))
        for (const { key, value } of changes) {
          if (value === undefined) {
            open.delete(key)
            oracle.delete(key)
          } else {
            open.set(key, value)
            oracle.set(key, value)
          }
          if (open.get(key) !== value) expect.fail(`${key} is ${open.get(key)}, not ${value}`)
        }
        map = open.done()
        const untold = Array.from({ length: 301 }, (_, n) => `${n}`).filter(
          key => oracle.get(key) !== before.get(key) && !written.has(hashText(key)),
        )
        expect(untold).toEqual([])
        versions.push([map, new Map(oracle)])
      }
      for (const [version, expected] of versions) {
        expect(version.size).toBe(expected.size)
        expect(sorted(version.entries())).toEqual(sorted(expected.entries()))
        expect(Array.from(expected.keys(), key => version.get(key))).toEqual([...expected.values()])
        expect(version.get('none')).toBeUndefined()
      }
    }),
  )
})

test('an edit that changes nothing gives the same map', () => {
  const open = emptyMap<number>().edit()
  open.set('a', 1)
  const map = open.done()
  const again = map.edit()
  again.delete('b')
  expect(again.done()).toBe(map)
})

test('it tells what is written, and nothing else', () => {
  const written: number[] = []
  const open = emptyMap<number>().edit(hash => written.push(hash))
  open.set('a', 1)
  open.delete('b')
  open.delete('a')
  expect(written).toEqual([hashText('a'), hashText('a')])
})
