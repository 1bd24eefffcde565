import { Bitset, InvalidError, type Random } from '../core/index.js'
import {
  AddressOutOfRangeError,
  type AddressPoolStats,
  AddressTakenError,
  type OwnerShare,
  PoolExhaustedError,
} from './address-errors.js'
import { type AddressSpace, createAddressSpace, type Span } from './address-space.js'
import type { Cidr } from './cidr.js'
import { canonicalIp } from './ip-address.js'
import { hashText } from './text-hash.js'

/**
 * Where the search for a free address begins: at the lowest, after the last one given, at a random place, or at
 * a place that follows from the owner's name.
 */
export type AddressStrategy =
  | { readonly kind: 'lowest' | 'next' | 'hash' }
  | { readonly kind: 'random'; readonly random: Random }

/** How an address pool is made. */
export interface AddressPoolOptions {
  /** For messages. Default: the blocks. */
  readonly name?: string
  /** Blocks that do not overlap, of either family; at most 2^24 addresses in all. */
  readonly cidrs: readonly string[]
  /** Addresses that are never handed out, such as a gateway. */
  readonly reserve?: readonly string[]
  /** Default `lowest`. */
  readonly strategy?: AddressStrategy
  /** How many addresses at the start of a block are left for `claim` until the rest is full. Default 0. */
  readonly staticBand?: (block: Cidr) => number
  /** How long a released address is kept from other owners, ≥ 0. Default 60 000. */
  readonly quarantineMs?: number
}

/** Somebody holds an address. */
export interface HeldAddress {
  readonly address: string
  readonly owner: string
}

/**
 * Hands out addresses. It is a cache of who holds what: rebuild it from the claims that are stored. Every
 * operation takes constant time, give or take the logarithm of the pool's size. Time is passed in.
 */
export interface AddressPool {
  readonly name: string
  /**
   * A free address for `owner`: the one it released last, while that is in quarantine, else by strategy.
   *
   * @throws PoolExhaustedError when none is free
   */
  allocate(owner: string, nowMs: number): string
  /**
   * Takes this address, also out of quarantine. Claiming what one holds changes nothing.
   *
   * @throws AddressTakenError when another owner holds it, or it is reserved
   * @throws AddressOutOfRangeError when it is in no block
   */
  claim(address: string, owner: string, nowMs: number): void
  /** Gives an address back; false when nobody held it. */
  release(address: string, nowMs: number): boolean
  /** Who holds the address. */
  owner(address: string): string | undefined
  stats(nowMs: number): AddressPoolStats
  /**
   * Makes the held addresses exactly these; what was held and is not in the list goes into quarantine. Claims
   * outside the pool's blocks are ignored.
   */
  rebuild(claims: Iterable<HeldAddress>, nowMs: number): void
}

interface Quarantined {
  readonly index: number
  readonly owner: string
  readonly untilMs: number
}

const reserved = 'the pool itself (reserved)'
const topOwnersShown = 5

/**
 * Makes a pool with no address held.
 *
 * @throws InvalidError for blocks or addresses that cannot be read, overlap, or are too many
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createAddressPool } from 'keelson/discovery'
 *
 * const pool = createAddressPool({ cidrs: ['10.96.0.0/24'], reserve: ['10.96.0.1'], quarantineMs: 30_000 })
 * assert.equal(pool.allocate('prod/web', 0), '10.96.0.2')
 * pool.release('10.96.0.2', 1000)
 * assert.equal(pool.allocate('prod/db', 2000), '10.96.0.3')
 * assert.equal(pool.allocate('prod/web', 3000), '10.96.0.2')
 * ```
 */
export function createAddressPool(options: AddressPoolOptions): AddressPool {
  const { cidrs, reserve = [], strategy = { kind: 'lowest' }, staticBand = () => 0, quarantineMs = 60_000 } = options
  if (!(Number.isFinite(quarantineMs) && quarantineMs >= 0)) {
    throw new InvalidError('address pool', [{ field: 'quarantineMs', value: quarantineMs, message: 'must be a finite number ≥ 0' }])
  }
  const space = createAddressSpace(cidrs, staticBand)
  const name = options.name ?? space.cidrs.join(',')
  const taken = new Bitset(space.size)
  const owners = new Map<number, string>()
  const quarantine = createQuarantine(taken)
  let cursor = 0
  const indexOf = (address: string): number => {
    const found = space.find(address)
    if (found.kind === 'usable') return found.index
    if (found.kind === 'outside') throw new AddressOutOfRangeError(name, address, space.cidrs)
    throw new AddressTakenError(name, canonicalIp(address) ?? address, 'its block (network or broadcast address)')
  }
  const hold = (index: number, owner: string): void => {
    taken.add(index)
    owners.set(index, owner)
  }
  const letGo = (index: number, nowMs: number): void => {
    const owner = owners.get(index)
    owners.delete(index)
    if (quarantineMs === 0 || owner === undefined) taken.delete(index)
    else quarantine.put({ index, owner, untilMs: nowMs + quarantineMs })
  }
  const stats = (): AddressPoolStats => {
    const quarantined = quarantine.size
    return { capacity: space.size, used: taken.count - quarantined, quarantined, free: space.size - taken.count }
  }
  for (const address of reserve) hold(indexOf(address), reserved)
  return {
    name,
    allocate: (owner, nowMs) => {
      quarantine.expire(nowMs)
      const index = quarantine.takeBack(owner) ?? search(space, taken, startOf(strategy, owner, cursor))
      if (index === undefined) throw new PoolExhaustedError(name, stats(), topOwners(owners))
      hold(index, owner)
      cursor = index + 1
      return space.addressAt(index)
    },
    claim: (address, owner, nowMs) => {
      const index = indexOf(address)
      quarantine.expire(nowMs)
      const holder = owners.get(index)
      if (holder !== undefined && holder !== owner) throw new AddressTakenError(name, space.addressAt(index), holder)
      quarantine.drop(index)
      hold(index, owner)
    },
    release: (address, nowMs) => {
      const found = space.find(address)
      if (found.kind !== 'usable') return false
      const owner = owners.get(found.index)
      if (owner === undefined || owner === reserved) return false
      letGo(found.index, nowMs)
      return true
    },
    owner: address => {
      const found = space.find(address)
      return found.kind === 'usable' ? owners.get(found.index) : undefined
    },
    stats: nowMs => {
      quarantine.expire(nowMs)
      return stats()
    },
    rebuild: (claims, nowMs) => {
      quarantine.expire(nowMs)
      const wanted = new Map<number, string>()
      for (const { address, owner } of claims) {
        const found = space.find(address)
        if (found.kind === 'usable' && owners.get(found.index) !== reserved) wanted.set(found.index, owner)
      }
      for (const [index, owner] of [...owners]) if (owner !== reserved && !wanted.has(index)) letGo(index, nowMs)
      for (const [index, owner] of wanted) {
        quarantine.drop(index)
        hold(index, owner)
      }
    },
  }
}

/** Addresses on their way back to being free, in the order of their release. */
interface Quarantine {
  readonly size: number
  put(entry: Quarantined): void
  expire(nowMs: number): void
  /** The owner's latest, no longer in quarantine. */
  takeBack(owner: string): number | undefined
  drop(index: number): void
}

function createQuarantine(taken: Bitset): Quarantine {
  const entries = new Map<number, Quarantined>()
  const latest = new Map<string, number>()
  const drop = (index: number): void => {
    const entry = entries.get(index)
    if (entry === undefined) return
    entries.delete(index)
    if (latest.get(entry.owner) === index) latest.delete(entry.owner)
  }
  return {
    get size() {
      return entries.size
    },
    put: entry => {
      entries.set(entry.index, entry)
      latest.set(entry.owner, entry.index)
    },
    expire: nowMs => {
      for (const [index, { untilMs }] of entries) {
        if (untilMs > nowMs) return
        drop(index)
        taken.delete(index)
      }
    },
    takeBack: owner => {
      const index = latest.get(owner)
      if (index !== undefined) drop(index)
      return index
    },
    drop,
  }
}

type Start = (spans: readonly Span[]) => number

/** Where to begin in a list of spans. */
function startOf(strategy: AddressStrategy, owner: string, cursor: number): Start {
  switch (strategy.kind) {
    case 'lowest':
      return spans => spans[0]?.from ?? 0
    case 'next':
      return () => cursor
    case 'hash':
      return spans => nth(spans, hashText(owner) % Math.max(1, sizeOf(spans)))
    case 'random':
      return spans => nth(spans, Math.floor(strategy.random.next() * sizeOf(spans)))
  }
}

function sizeOf(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + span.to - span.from, 0)
}

function nth(spans: readonly Span[], position: number): number {
  let left = position
  for (const span of spans) {
    if (left < span.to - span.from) return span.from + left
    left -= span.to - span.from
  }
  return 0
}

/** The first free number from the start on, wrapping round; the static bands only when the rest is full. */
function search(space: AddressSpace, taken: Bitset, start: Start): number | undefined {
  for (const spans of [space.dynamic, space.static]) {
    const from = start(spans)
    const ahead = spans.map(span => ({ from: Math.max(span.from, from), to: span.to }))
    for (const span of [...ahead, ...spans]) {
      if (span.from >= span.to) continue
      const index = taken.firstClear(span.from)
      if (index !== undefined && index < span.to) return index
    }
  }
  return undefined
}

function topOwners(owners: ReadonlyMap<number, string>): readonly OwnerShare[] {
  const counts = new Map<string, number>()
  for (const owner of owners.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const shares = [...counts].map(([owner, count]) => ({ owner, count }))
  return shares.sort((a, b) => b.count - a.count || (a.owner < b.owner ? -1 : 1)).slice(0, topOwnersShown)
}
