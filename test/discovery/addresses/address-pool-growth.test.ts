import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AddressPool } from '../../../src/discovery/index.js'
import { createAddressPool } from '../../../src/discovery/index.js'

const BLOCKS = ['10.0.0.0/29', '10.0.9.0/30', 'fd00::/126'] as const
const step = fc.record({
  act: fc.constantFrom('allocate', 'release', 'claim'),
  owner: fc.constantFrom('a', 'b', 'c'),
  pick: fc.nat(5),
})

/** What happens, or the code of the error. */
function attempt(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

const addresses = [1, 2, 3, 4, 5, 6].map(n => `10.0.0.${n}`)

test('a pool that grew is the pool that had the blocks from the start, as long as the first was enough', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(30), (steps, growAt) => {
      const options = { reserve: ['10.0.0.1'], quarantineMs: 3 }
      const whole = createAddressPool({ ...options, cidrs: BLOCKS })
      const grown = createAddressPool({ ...options, cidrs: [BLOCKS[0]] })
      let hasGrown = false
      for (const [nowMs, { act, owner, pick }] of [
        ...steps.entries(),
        [99, { act: 'release', owner: 'a', pick: 0 }] as const,
      ]) {
        if (!hasGrown && (nowMs >= growAt || grown.stats(nowMs).free === 0)) {
          grown.grow(BLOCKS[1])
          grown.grow(BLOCKS[2])
          hasGrown = true
        }
        const run = (pool: AddressPool): unknown =>
          attempt(() => {
            if (act === 'allocate') return pool.allocate(owner, nowMs)
            if (act === 'release') return pool.release(addresses[pick] ?? '', nowMs)
            return pool.claim(addresses[pick] ?? '', owner, nowMs)
          })
        expect(run(grown)).toEqual(run(whole))
      }
      expect(addresses.map(address => grown.owner(address))).toEqual(
        addresses.map(address => whole.owner(address)),
      )
      if (hasGrown) expect(grown.stats(200)).toEqual(whole.stats(200))
    }),
    { numRuns: 60 },
  )
})

test('a block that overlaps, or is none, changes nothing', () => {
  const pool = createAddressPool({ cidrs: ['10.0.0.0/29'] })
  pool.allocate('a', 0)
  for (const cidr of ['10.0.0.0/30', 'ten', '2000::/3']) {
    expect(() => pool.grow(cidr)).toThrow(expect.objectContaining({ code: 'Invalid' }))
    expect(pool.stats(0)).toMatchObject({ capacity: 6, used: 1 })
  }
})

test('each watermark is told once on the way up, again after the pool was below it, and growing takes it back', () => {
  const told: number[] = []
  const pool = createAddressPool({
    name: 'vips',
    cidrs: ['10.0.0.0/28', '10.0.1.0/29'],
    quarantineMs: 0,
    onWatermark: (name, { watermark }) => told.push(name === 'vips' ? watermark : -1),
  })
  const held = Array.from({ length: 20 }, (_, i) => pool.allocate(String(i), 0))
  expect(told).toEqual([75, 90, 100])
  expect(() => pool.allocate('late', 0)).toThrow(expect.objectContaining({ code: 'PoolExhausted' }))
  expect(told).toEqual([75, 90, 100])
  for (const address of held.slice(0, 3)) pool.release(address, 0)
  expect(pool.stats(0).watermark).toBe(75)
  pool.allocate('again', 0)
  expect(told).toEqual([75, 90, 100, 90])
  pool.grow('10.0.2.0/24')
  expect(pool.stats(0).watermark).toBe(0)
  expect(pool.allocate('late', 0)).toBe('10.0.0.2')
})
