import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AddressPool, HeldAddress } from '../../../src/discovery/addresses/index.js'
import { createAddressPool } from '../../../src/discovery/addresses/index.js'
import { said } from '../fixtures/said.js'

/** Blocks as the addresses that each has to give; the first of each is its static band. */
const FIRST_BLOCKS = [
  ['10.0.0.0/29', ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']],
  ['fd00::/126', ['fd00::1', 'fd00::2', 'fd00::3']],
] as const
const GROWN_BLOCKS = [
  ['10.0.9.0/30', ['10.0.9.1', '10.0.9.2']],
  ['fd01::/127', ['fd01::1']],
] as const
const RESERVED = ['10.0.0.2', 'the pool itself (reserved)'] as const
const QUARANTINE_MS = 50
const ASKED = [
  ...[...FIRST_BLOCKS, ...GROWN_BLOCKS].flatMap(([, list]) => [...list]),
  '10.0.0.0',
  '192.0.2.1',
]

interface Rest {
  readonly address: string
  readonly owner: string
  readonly untilMs: number
  /** When it was put here, to say which of an owner's is its latest. */
  readonly at: number
}

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4)

/** The slow and obvious pool: lists and maps that are scanned. */
class ModelPool {
  readonly cidrs: string[] = []
  readonly blocks: (readonly string[])[] = []
  readonly held = new Map<string, string>([RESERVED])
  resting: Rest[] = []
  readonly ended = new Map<string, Rest>()
  readonly behind = new Map<4 | 6 | undefined, number>()
  puts = 0
  readonly strategy: 'lowest' | 'next'

  constructor(strategy: 'lowest' | 'next') {
    this.strategy = strategy
    for (const [cidr, list] of FIRST_BLOCKS) this.grow(cidr, list)
  }

  grow(cidr: string, list: readonly string[]): void {
    this.cidrs.push(cidr)
    this.blocks.push(list)
  }

  expire(nowMs: number): void {
    this.resting = this.resting.filter(({ untilMs }) => untilMs > nowMs)
    for (const [address, { untilMs }] of this.ended) if (untilMs <= nowMs) this.ended.delete(address)
  }

  hold(address: string, owner: string): void {
    const rest = this.resting.find(entry => entry.address === address)
    if (rest !== undefined) this.ended.set(address, rest)
    this.resting = this.resting.filter(entry => entry !== rest)
    this.held.set(address, owner)
  }

  rest(address: string, owner: string, untilMs: number): void {
    this.held.delete(address)
    this.resting.push({ address, owner, untilMs, at: this.puts++ })
  }

  allocate(owner: string, nowMs: number, family?: 4 | 6): string {
    this.expire(nowMs)
    const all = this.blocks.flat()
    const fits = (address: string): boolean => family === undefined || familyOf(address) === family
    const isFree = (address: string): boolean =>
      fits(address) && !this.held.has(address) && this.resting.every(rest => rest.address !== address)
    const dynamic = this.blocks.flatMap(list => list.slice(1))
    const behind = all.slice(this.strategy === 'next' ? (this.behind.get(family) ?? 0) : 0)
    const fixed = this.blocks.flatMap(list => list.slice(0, 1))
    const found =
      this.resting.filter(rest => rest.owner === owner && fits(rest.address)).sort((a, b) => b.at - a.at)[0]
        ?.address ??
      behind.find(address => dynamic.includes(address) && isFree(address)) ??
      dynamic.find(isFree) ??
      behind.find(isFree) ??
      fixed.find(isFree)
    if (found === undefined) throw this.exhausted(nowMs, family)
    this.hold(found, owner)
    this.behind.set(family, all.indexOf(found) + 1)
    return found
  }

  claim(address: string, owner: string, nowMs: number): void {
    this.expire(nowMs)
    if (address === '192.0.2.1' || (address !== '10.0.0.0' && !this.blocks.flat().includes(address)))
      throw {
        code: 'OutOfRange',
        details: { pool: 'p', address, cidrs: this.cidrs },
      }
    const holder = address === '10.0.0.0' ? 'its block (network or broadcast)' : this.held.get(address)
    if (holder !== undefined && holder !== owner)
      throw { code: 'AlreadyExists', details: { kind: 'Address', name: address, pool: 'p', owner: holder } }
    if (holder === undefined) this.hold(address, owner)
  }

  release(address: string, nowMs: number): boolean {
    const owner = this.held.get(address)
    if (owner === undefined || address === RESERVED[0]) return false
    this.ended.delete(address)
    this.rest(address, owner, nowMs + QUARANTINE_MS)
    return true
  }

  cancel(address: string): void {
    if (address === RESERVED[0] || !this.held.delete(address)) return
    const rest = this.ended.get(address)
    this.ended.delete(address)
    if (rest !== undefined) this.rest(address, rest.owner, rest.untilMs)
  }

  /** Another pool, of what this one has said. */
  restart(said: readonly HeldAddress[]): void {
    this.ended.clear()
    this.behind.clear()
    const at = new Map(said.map(({ address }, i) => [address, i]))
    this.resting = this.resting
      .map(rest => ({ ...rest, at: at.get(rest.address) ?? -1 }))
      .sort((a, b) => a.at - b.at)
    this.puts = said.length
  }

  snapshot(nowMs: number): readonly HeldAddress[] {
    this.expire(nowMs)
    return [
      ...[...this.held]
        .filter(([address]) => address !== RESERVED[0])
        .map(([address, owner]) => ({ address, owner })),
      ...this.resting.map(({ address, owner, untilMs }) => ({
        address,
        owner,
        releasedAtMs: untilMs - QUARANTINE_MS,
      })),
    ]
  }

  stats(nowMs: number): Readonly<Record<string, number>> {
    this.expire(nowMs)
    const [capacity, used, quarantined] = [this.blocks.flat().length, this.held.size, this.resting.length]
    const free = capacity - used - quarantined
    const share = (100 * (used + quarantined)) / capacity
    return { capacity, used, quarantined, free, watermark: [100, 90, 75].find(mark => share >= mark) ?? 0 }
  }

  exhausted(nowMs: number, family?: 4 | 6): unknown {
    const stats = this.stats(nowMs)
    const counts = new Map<string, number>()
    for (const owner of this.held.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1)
    const topOwners = [...counts]
      .map(([owner, count]) => ({ owner, count }))
      .sort((a, b) => b.count - a.count || (a.owner < b.owner ? -1 : 1))
    const isOther = stats['free'] !== 0 && family !== undefined
    return {
      code: 'PoolExhausted',
      details: isOther ? { pool: 'p', ...stats, family } : { pool: 'p', ...stats },
      topOwners,
    }
  }
}

const step = fc.record({
  act: fc.constantFrom(
    'allocate',
    'allocate',
    'allocate',
    'release',
    'release',
    'claim',
    'cancel',
    'restart',
    'grow',
  ),
  owner: fc.constantFrom('a', 'b', 'c', 'd'),
  address: fc.constantFrom(...ASKED),
  family: fc.constantFrom(undefined, 4, 6),
  passMs: fc.nat(30),
})

const byAddress = (a: HeldAddress, b: HeldAddress): number => (a.address < b.address ? -1 : 1)

test.each(['lowest', 'next'] as const)('a pool by %s says all that one of plain lists says', kind => {
  const fresh = (cidrs: readonly string[]): AddressPool =>
    createAddressPool({
      name: 'p',
      cidrs,
      strategy: { kind },
      reserve: [RESERVED[0]],
      staticBand: () => 1,
      quarantineMs: QUARANTINE_MS,
    })
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 50 }), steps => {
      const model = new ModelPool(kind)
      let pool = fresh(model.cidrs)
      let nowMs = 0
      for (const { act, owner, address, family, passMs } of steps) {
        nowMs += passMs
        const on = (either: AddressPool | ModelPool): unknown =>
          said(() => {
            if (act === 'allocate') return either.allocate(owner, nowMs, family)
            if (act === 'claim') return either.claim(address, owner, nowMs)
            if (act === 'release') return either.release(address, nowMs)
            return act === 'cancel' ? either.cancel(address) : undefined
          })
        const block = act === 'grow' ? GROWN_BLOCKS[model.blocks.length - FIRST_BLOCKS.length] : undefined
        if (block !== undefined) {
          pool.grow(block[0])
          model.grow(block[0], block[1])
        }
        expect(on(pool)).toEqual(on(model))
        const list = pool.snapshot(nowMs)
        expect(list.toSorted(byAddress)).toEqual(model.snapshot(nowMs).toSorted(byAddress))
        expect(pool.stats(nowMs)).toEqual(model.stats(nowMs))
        if (act !== 'restart') continue
        pool = fresh(model.cidrs)
        pool.rebuild(list, nowMs)
        model.restart(list)
      }
    }),
    { numRuns: 60 },
  )
})
