import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AddressPool } from '../../../src/discovery/addresses/index.js'
import {
  allocateFamilies,
  createAddressPool,
  createPortPool,
  kubernetesPortBand,
} from '../../../src/discovery/addresses/index.js'
import type { Holder } from '../../../src/discovery/addresses/owner-counts.js'
import { createOwnerCounts } from '../../../src/discovery/addresses/owner-counts.js'

describe('port pool', () => {
  test('each protocol and each address has ports of its own', () => {
    const pool = createPortPool({ first: 1, last: 1 })
    const places = [{}, { protocol: 'UDP' }, { address: '10.0.0.1' }]
    expect(places.map(place => pool.allocate('a', place))).toEqual([1, 1, 1])
    expect(() => pool.allocate('b')).toThrow(expect.objectContaining({ code: 'PoolExhausted' }) as Error)
  })

  test('an owner gets its last port back, while no other took it', () => {
    const pool = createPortPool({ first: 10, last: 13 })
    expect([pool.allocate('a'), pool.allocate('b')]).toEqual([10, 11])
    pool.release(10)
    expect([pool.allocate('c'), pool.allocate('a')]).toEqual([12, 10])
    pool.release(11)
    pool.claim(11, 'd')
    expect(pool.allocate('b')).toBe(13)
  })

  test('the static band is left for claims until the rest is full', () => {
    const pool = createPortPool({ first: 1, last: 4, staticBand: 2 })
    expect(['a', 'b', 'c'].map(owner => pool.allocate(owner))).toEqual([3, 4, 1])
    expect([16, 17, 2768, 100_000].map(kubernetesPortBand)).toEqual([0, 16, 86, 128])
  })
})

test('who holds most is known after every change', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ owner: fc.constantFrom('a', 'b', 'c', 'd'), add: fc.boolean() })),
      steps => {
        const counts = createOwnerCounts(2)
        const held = new Map<string, Holder[]>()
        for (const { owner, add } of steps) {
          const own = held.get(owner) ?? []
          const last = own.at(-1)
          if (add) held.set(owner, [...own, counts.add(owner)])
          else if (last !== undefined) {
            counts.remove(last)
            held.set(owner, own.slice(0, -1))
          }
          const sizes = [...held.values()]
            .map(own => own.length)
            .filter(count => count > 0)
            .sort((a, b) => b - a)
          const top = counts.top()
          expect(top.map(({ count }) => count)).toEqual(sizes.slice(0, 2))
          expect(top.every(entry => held.get(entry.owner)?.length === entry.count)).toBe(true)
        }
      },
    ),
  )
})

test('an address of each family, or none: what was had is free at once', () => {
  const four: AddressPool = createAddressPool({ cidrs: ['10.0.0.0/31'] })
  const six: AddressPool = createAddressPool({ cidrs: ['fd00::/126'] })
  const both = [
    { family: 6, pool: six },
    { family: 4, pool: four },
  ] as const
  expect(allocateFamilies(both, 'a', 0)).toEqual(['fd00::1', '10.0.0.0'])
  expect(allocateFamilies(both, 'b', 0)).toEqual(['fd00::2', '10.0.0.1'])
  expect(() => allocateFamilies(both, 'c', 0)).toThrow(
    expect.objectContaining({ code: 'PoolExhausted' }) as Error,
  )
  expect(six.stats(0)).toMatchObject({ free: 1, quarantined: 0 })
})

test('a claim that was let go is in quarantine after a rebuild, for its owner alone', () => {
  const pool = createAddressPool({ cidrs: ['10.0.0.0/30'], quarantineMs: 1000 })
  pool.rebuild([{ address: '10.0.0.1', owner: 'a', releasedAtMs: 500 }], 600)
  expect([pool.allocate('b', 700), pool.allocate('a', 800)]).toEqual(['10.0.0.2', '10.0.0.1'])
  pool.rebuild([{ address: '10.0.0.1', owner: 'a', releasedAtMs: 500 }], 1600)
  expect(pool.stats(3000).free).toBe(2)
})
