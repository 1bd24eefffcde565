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
import { said } from '../fixtures/said.js'

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

  test('the last ports of 65,536 owners are remembered; beyond it the owner of the oldest gets the next free one', () => {
    const pool = createPortPool({ first: 10, last: 13 })
    const visit = (owner: string): number => {
      const port = pool.allocate(owner)
      pool.release(port)
      return port
    }
    const first = [visit('a'), visit('b')]
    for (let n = 0; n < 65_534; n++) visit(`other-${n}`)
    expect(first).toEqual([10, 11])
    expect(visit('b')).toBe(11)
    expect(visit('a')).toBe(10)
    for (const other of ['one more', 'another', 'a third']) visit(other)
    expect([visit('b'), visit('other-0'), visit('other-1')]).toEqual([11, 13, 10])
  })

  test('the static band is left for claims until the rest is full', () => {
    const pool = createPortPool({ first: 1, last: 4, staticBand: 2 })
    expect(['a', 'b', 'c'].map(owner => pool.allocate(owner))).toEqual([3, 4, 1])
    pool.release(3)
    expect([pool.allocate('d'), pool.allocate('e')]).toEqual([3, 2])
    expect([16, 17, 2768, 100_000].map(kubernetesPortBand)).toEqual([0, 16, 86, 128])
  })
})

test('port pools agree with plain maps, each place for itself, in all that is said', () => {
  const step = fc.record({
    act: fc.constantFrom('allocate', 'allocate', 'release', 'claim'),
    owner: fc.constantFrom('a', 'b', 'c'),
    port: fc.integer({ min: 9, max: 16 }),
    protocol: fc.constantFrom('TCP', 'UDP'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const pool = createPortPool({ name: 'p', first: 10, last: 15, staticBand: 2 })
      const places = { TCP: modelPlace(), UDP: modelPlace() }
      for (const { act, owner, port, protocol } of steps) {
        const place = places[protocol as 'TCP' | 'UDP']
        const [real, wanted] =
          act === 'allocate'
            ? [said(() => pool.allocate(owner, { protocol })), said(() => place.allocate(owner))]
            : act === 'claim'
              ? [said(() => pool.claim(port, owner, { protocol })), said(() => place.claim(port, owner))]
              : [said(() => pool.release(port, { protocol })), said(() => place.held.delete(port))]
        expect(real).toEqual(wanted)
        expect(pool.owner(port, { protocol })).toBe(place.held.get(port))
      }
    }),
    { numRuns: 60 },
  )
})

/** Ports 10 to 15 of one place, the first two of them a static band. */
function modelPlace() {
  const held = new Map<number, string>()
  const last = new Map<string, number>()
  let behind = 12
  const hold = (port: number, owner: string): number => {
    held.set(port, owner)
    last.set(owner, port)
    return port
  }
  return {
    held,
    allocate: (owner: string): number => {
      const own = last.get(owner)
      if (own !== undefined && own <= 15 && !held.has(own)) return hold(own, owner)
      const order = [12, 13, 14, 15].toSorted((a, b) => Number(a < behind) - Number(b < behind) || a - b)
      const port = [...order, 10, 11].find(candidate => !held.has(candidate))
      if (port === undefined) {
        const count = (of: string): number => [...held.values()].filter(holder => holder === of).length
        throw {
          code: 'PoolExhausted',
          details: { pool: 'p', capacity: 6, used: 6, quarantined: 0, free: 0, watermark: 100 },
          topOwners: [...new Set(held.values())]
            .map(holder => ({ owner: holder, count: count(holder) }))
            .sort((a, b) => b.count - a.count || (a.owner < b.owner ? -1 : 1)),
        }
      }
      if (port >= 12) behind = port + 1
      return hold(port, owner)
    },
    claim: (port: number, owner: string): void => {
      if (port < 10 || port > 15)
        throw { code: 'OutOfRange', details: { pool: 'p', address: String(port), cidrs: ['10-15'] } }
      const holder = held.get(port)
      if (holder !== undefined && holder !== owner)
        throw {
          code: 'AlreadyExists',
          details: { kind: 'Address', name: String(port), pool: 'p', owner: holder },
        }
      if (holder === undefined) hold(port, owner)
    },
  }
}

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

test('what is undone goes back into the quarantine that it came from', () => {
  const pool = createAddressPool({ cidrs: ['10.0.0.0/31'], quarantineMs: 1000 })
  pool.release(pool.allocate('a', 0), 0)
  const six = createAddressPool({ name: 'six', cidrs: ['fd00::1/128'], reserve: ['fd00::1'] })
  const both = [
    { family: 4, pool },
    { family: 6, pool: six },
  ] as const
  expect(() => allocateFamilies(both, 'a', 500)).toThrow(
    expect.objectContaining({ code: 'PoolExhausted' }) as Error,
  )
  expect(pool.stats(900)).toMatchObject({ quarantined: 1, free: 1 })
  expect(pool.allocate('b', 900)).toBe('10.0.0.1')
  expect(pool.stats(1000)).toMatchObject({ quarantined: 0, free: 1 })
})

test('each quarantine ends in its time, also one that a rebuild puts behind others', () => {
  const pool = createAddressPool({ cidrs: ['10.0.0.0/29'], quarantineMs: 1000 })
  pool.allocate('a', 0)
  pool.rebuild([{ address: '10.0.0.2', owner: 'b', releasedAtMs: 100 }], 900)
  expect([pool.stats(900).quarantined, pool.stats(1100).quarantined, pool.stats(1900).quarantined]).toEqual([
    2, 1, 0,
  ])
})

test('a pool without an address of the family that was asked for says so, whatever else it has', () => {
  const pool = createAddressPool({ name: 'dual', cidrs: ['10.0.0.0/31', 'fd00::1/128'] })
  pool.allocate('a', 0, 6)
  expect(() => pool.allocate('b', 0, 6)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('dual has no IPv6 address left: 1 of 3 used') as string,
      details: expect.objectContaining({ family: 6, free: 2 }) as unknown,
    }) as Error,
  )
})

test('a claim that was let go is in quarantine after a rebuild, for its owner alone', () => {
  const pool = createAddressPool({ cidrs: ['10.0.0.0/30'], quarantineMs: 1000 })
  pool.rebuild([{ address: '10.0.0.1', owner: 'a', releasedAtMs: 500 }], 600)
  expect([pool.allocate('b', 700), pool.allocate('a', 800)]).toEqual(['10.0.0.2', '10.0.0.1'])
  pool.rebuild([{ address: '10.0.0.1', owner: 'a', releasedAtMs: 500 }], 1600)
  expect(pool.stats(3000).free).toBe(2)
})
