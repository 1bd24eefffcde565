import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSeededRandom, isKeelsonError } from '../../../src/core/index.js'
import { PoolExhaustedError } from '../../../src/discovery/addresses/address-errors.js'
import type { AddressPool, AddressStrategy, HeldAddress } from '../../../src/discovery/index.js'
import { createAddressPool, kubernetesStaticBand } from '../../../src/discovery/index.js'

/** The slow and obvious pool: a map of states, scanned from the bottom. */
function lowestPool(size: number, quarantineMs: number) {
  const held = new Map<number, string>()
  const resting = new Map<number, { owner: string; untilMs: number; at: number }>()
  let clock = 0
  const expire = (nowMs: number): void => {
    for (const [n, { untilMs }] of resting) if (untilMs <= nowMs) resting.delete(n)
  }
  return {
    held,
    allocate(owner: string, nowMs: number): number | undefined {
      expire(nowMs)
      const own = [...resting]
        .filter(([, entry]) => entry.owner === owner)
        .sort((a, b) => b[1].at - a[1].at)[0]?.[0]
      let index = own
      for (let n = 0; index === undefined && n < size; n++) if (!held.has(n) && !resting.has(n)) index = n
      if (index === undefined) return undefined
      resting.delete(index)
      held.set(index, owner)
      return index
    },
    release(n: number, nowMs: number): boolean {
      const owner = held.get(n)
      if (owner === undefined) return false
      held.delete(n)
      if (quarantineMs > 0) resting.set(n, { owner, untilMs: nowMs + quarantineMs, at: clock++ })
      return true
    },
    free: (nowMs: number): number => {
      expire(nowMs)
      return size - held.size - resting.size
    },
  }
}

const step = fc.record({
  act: fc.constantFrom('allocate', 'allocate', 'release', 'restart'),
  owner: fc.nat(3),
  n: fc.nat(5),
  passMs: fc.nat(40),
})

describe('address pool', () => {
  test('agrees with a pool that scans everything, also when it is made again of what it has said', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 50), (steps, quarantineMs) => {
        const fresh = (): AddressPool => createAddressPool({ cidrs: ['10.0.0.0/29'], quarantineMs })
        let pool = fresh()
        const oracle = lowestPool(6, quarantineMs)
        let nowMs = 0
        for (const { act, owner, n, passMs } of steps) {
          nowMs += passMs
          if (act === 'restart') {
            const said = pool.snapshot(nowMs)
            pool = fresh()
            pool.rebuild(said, nowMs)
          } else if (act === 'release') {
            expect(pool.release(`10.0.0.${n + 1}`, nowMs)).toBe(oracle.release(n, nowMs))
          } else {
            const wanted = oracle.allocate(`o${owner}`, nowMs)
            if (wanted === undefined)
              expect(() => pool.allocate(`o${owner}`, nowMs)).toThrow(PoolExhaustedError)
            else expect(pool.allocate(`o${owner}`, nowMs)).toBe(`10.0.0.${wanted + 1}`)
          }
          expect(pool.stats(nowMs).free).toBe(oracle.free(nowMs))
        }
      }),
    )
  })

  const strategies: readonly [string, () => AddressStrategy][] = [
    ['lowest', () => ({ kind: 'lowest' })],
    ['next', () => ({ kind: 'next' })],
    ['hash', () => ({ kind: 'hash' })],
    ['random', () => ({ kind: 'random', random: createSeededRandom(1) })],
  ]
  test.each(strategies)(
    'by %s every address is handed out exactly once, the static band last',
    (_name, strategy) => {
      const cidrs = ['10.0.0.0/27', 'fd00::/123']
      const pool = createAddressPool({ cidrs, strategy: strategy(), staticBand: kubernetesStaticBand })
      const given = Array.from({ length: 61 }, (_, i) => pool.allocate(`o${i}`, 0))
      expect(new Set(given).size).toBe(61)
      const inBand = (address: string): boolean => {
        const last = address.startsWith('10.')
          ? Number(address.split('.')[3])
          : Number.parseInt(address.split('::')[1] ?? '', 16)
        return last >= 1 && last <= 16
      }
      expect(given.findIndex(inBand)).toBe(61 - 32)
      expect(given.slice(61 - 32).every(inBand)).toBe(true)
      expect(() => pool.allocate('one more', 0)).toThrow(expect.objectContaining({ code: 'PoolExhausted' }))
    },
  )

  test('equal owners get equal places by hash, in every pool', () => {
    const place = (): string =>
      createAddressPool({ cidrs: ['10.96.0.0/16'], strategy: { kind: 'hash' } }).allocate('prod/web', 0)
    expect(place()).toBe(place())
  })

  test('a claim of a held, reserved or foreign address is refused and changes nothing', () => {
    const pool = createAddressPool({ cidrs: ['10.0.0.0/29'], reserve: ['10.0.0.1'] })
    pool.claim('10.0.0.2', 'web', 0)
    pool.claim('10.0.0.2', 'web', 0)
    const before = pool.stats(0)
    for (const [address, code] of [
      ['10.0.0.2', 'AlreadyExists'],
      ['10.0.0.1', 'AlreadyExists'],
      ['10.0.0.0', 'AlreadyExists'],
      ['10.0.0.7', 'AlreadyExists'],
      ['10.0.1.1', 'OutOfRange'],
      ['x', 'OutOfRange'],
    ] as const) {
      expect(() => pool.claim(address, 'db', 0), address).toThrow(expect.objectContaining({ code }))
    }
    expect(pool.release('10.0.0.1', 0)).toBe(false)
    expect(pool.stats(0)).toEqual(before)
    expect(pool.owner('10.0.0.2')).toBe('web')
  })

  test('an exhausted pool says how full it is and who holds most', () => {
    const pool = createAddressPool({ name: 'vips', cidrs: ['10.0.0.0/30'] })
    pool.allocate('web', 0)
    pool.allocate('web', 0)
    try {
      pool.allocate('db', 0)
      expect.unreachable()
    } catch (error) {
      expect(isKeelsonError(error, 'PoolExhausted')).toBe(true)
      expect(error).toMatchObject({
        stats: { capacity: 2, used: 2, free: 0 },
        topOwners: [{ owner: 'web', count: 2 }],
        details: { pool: 'vips', capacity: 2, used: 2, quarantined: 0, free: 0, watermark: 100 },
        message: expect.stringContaining('web holds most (2)') as string,
      })
    }
  })

  test('a rebuilt pool holds exactly the claims; what was dropped rests first', () => {
    const pool = createAddressPool({ cidrs: ['10.0.0.0/29'], quarantineMs: 100 })
    pool.allocate('a', 0)
    pool.allocate('b', 0)
    pool.rebuild(
      [
        { address: '10.0.0.2', owner: 'b' },
        { address: '10.0.0.5', owner: 'c' },
        { address: '10.9.9.9', owner: 'd' },
      ],
      10,
    )
    expect(pool.stats(10)).toEqual({ capacity: 6, used: 2, quarantined: 1, free: 3, watermark: 0 })
    expect(pool.allocate('e', 20)).toBe('10.0.0.3')
    expect(pool.allocate('f', 110)).toBe('10.0.0.1')
  })

  const held = { address: '10.0.0.2', owner: 'b' }
  test.each<readonly [unknown, string]>([
    [undefined, 'claims'],
    [null, 'claims'],
    [7, 'claims'],
    [[held, undefined], 'claims[1]'],
    [[held, { address: '10.0.0', owner: 'c' }], 'claims[1].address'],
    [[held, { address: 7, owner: 'c' }], 'claims[1].address'],
    [[held, { address: '10.0.0.3' }], 'claims[1].owner'],
    [[held, { address: '10.0.0.3', owner: '' }], 'claims[1].owner'],
    [[held, { address: '10.0.0.3', owner: 'c', releasedAtMs: Number.NaN }], 'claims[1].releasedAtMs'],
    [[held, { address: '10.0.0.3', owner: 'c', releasedAt: 5 }], 'claims[1].releasedAt'],
  ])('a pool is not rebuilt of %j, and stays as it was', (claims, field) => {
    const pool = createAddressPool({ cidrs: ['10.0.0.0/29'] })
    pool.allocate('a', 0)
    const before = pool.snapshot(0)
    expect(() => pool.rebuild(claims as Iterable<HeldAddress>, 10)).toThrow(
      expect.objectContaining({ code: 'Invalid', problems: [expect.objectContaining({ field })] }),
    )
    expect(pool.snapshot(0)).toEqual(before)
  })

  test.each([
    ['lowest', 'strategy'],
    [null, 'strategy'],
    [{}, 'strategy'],
    [{ kind: 'toString' }, 'strategy'],
    [{ kind: 'random' }, 'strategy.random'],
    [{ kind: 'random', random: Math.random }, 'strategy.random'],
  ])('the strategy %j is refused', (strategy, field) => {
    const options = { cidrs: ['10.0.0.0/24'], strategy: strategy as AddressStrategy }
    expect(() => createAddressPool(options)).toThrow(
      expect.objectContaining({ code: 'Invalid', problems: [expect.objectContaining({ field })] }),
    )
  })

  test('blocks must be given, apart and of a size that a bitmap can hold', () => {
    for (const cidrs of [[], ['10.0.0.0/24', '10.0.0.0/25'], ['fd00::/64'], ['10.0.0.1/24']]) {
      expect(() => createAddressPool({ cidrs }), cidrs.join()).toThrow(
        expect.objectContaining({ code: 'Invalid' }),
      )
    }
  })
})
