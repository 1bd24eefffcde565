import { InvalidError } from '../../core/index.js'
import type { Cidr } from '../../core/internal.js'
import { assertKnown, canonicalIp, knownOptions } from '../../core/internal.js'
import type { AddressBook } from './address-book.js'
import { createAddressBook } from './address-book.js'
import type { AddressPoolStats } from './address-errors.js'
import { AddressOutOfRangeError, AddressTakenError, PoolExhaustedError } from './address-errors.js'
import type { AddressStrategy } from './address-search.js'
import { search, startOf } from './address-search.js'
import { createAddressSpace } from './address-space.js'

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

/** A held address and its owner. */
export interface HeldAddress {
  readonly address: string
  readonly owner: string
  /** When the owner let it go: it is in quarantine since. Default: it is held. */
  readonly releasedAtMs?: number
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
   * @param family of that family only
   * @throws KeelsonError `PoolExhausted` when none is free
   */
  allocate(owner: string, nowMs: number, family?: 4 | 6): string
  /**
   * Takes this address, also out of quarantine. Claiming what one holds changes nothing.
   *
   * @throws KeelsonError `AlreadyExists` when another owner holds it, or it is reserved
   * @throws KeelsonError `OutOfRange` when it is in no block
   */
  claim(address: string, owner: string, nowMs: number): void
  /** Gives an address back; false when it was not held. */
  release(address: string, nowMs: number): boolean
  /** Undoes an allocation that nothing came of: the address is free at once. */
  cancel(address: string): void
  /** Who holds the address. */
  owner(address: string): string | undefined
  stats(nowMs: number): AddressPoolStats
  /** Whether the address is in one of its blocks and can be handed out. */
  includes(address: string): boolean
  /**
   * Makes the held addresses exactly these; what was held and is not in the list goes into quarantine. Claims
   * outside the pool's blocks are ignored.
   */
  rebuild(claims: Iterable<HeldAddress>, nowMs: number): void
}

const RESERVED = 'the pool itself (reserved)'

const ADDRESS_POOL_OPTIONS = /* @__PURE__ */ knownOptions<AddressPoolOptions>('createAddressPool', {
  name: true,
  cidrs: true,
  reserve: true,
  strategy: true,
  staticBand: true,
  quarantineMs: true,
})

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
  assertKnown(options, ADDRESS_POOL_OPTIONS)
  const { reserve = [], strategy = { kind: 'lowest' }, quarantineMs = 60_000 } = options
  assertQuarantine(quarantineMs)
  const space = createAddressSpace(options.cidrs, options.staticBand ?? (() => 0))
  const name = options.name ?? space.cidrs.join(',')
  const book = createAddressBook(space.size, quarantineMs)
  const usable = (address: string): number | undefined => {
    const found = space.find(address)
    return found.kind === 'usable' ? found.index : undefined
  }
  const indexOf = (address: string): number => {
    const index = usable(address)
    if (index !== undefined) return index
    if (space.find(address).kind === 'outside') throw new AddressOutOfRangeError(name, address, space.cidrs)
    throw new AddressTakenError(name, canonicalIp(address) ?? address, 'its block (network or broadcast)')
  }
  let cursor = 0
  for (const address of reserve) book.hold(indexOf(address), RESERVED)
  return {
    name,
    allocate: (owner, nowMs, family) => {
      book.expire(nowMs)
      const fits = (candidate: number): boolean =>
        family === undefined || space.familyAt(candidate) === family
      const start = startOf(strategy, owner, cursor)
      const index = book.takeBack(owner, fits) ?? search(space, book.taken, start, family)
      if (index === undefined) throw new PoolExhaustedError(name, book.stats(), book.topOwners())
      book.hold(index, owner)
      cursor = index + 1
      return space.addressAt(index)
    },
    claim: (address, owner, nowMs) => {
      const index = indexOf(address)
      book.expire(nowMs)
      const holder = book.owners.get(index) ?? owner
      if (holder !== owner) throw new AddressTakenError(name, space.addressAt(index), holder)
      book.hold(index, owner)
    },
    release: (address, nowMs) => {
      const index = usable(address)
      const owner = index === undefined ? undefined : book.owners.get(index)
      if (index === undefined || owner === undefined || owner === RESERVED) return false
      book.letGo(index, nowMs)
      return true
    },
    cancel: address => {
      const index = usable(address)
      if (index !== undefined && book.owners.get(index) !== RESERVED) book.free(index)
    },
    includes: address => usable(address) !== undefined,
    owner: address => book.owners.get(usable(address) ?? -1),
    stats: nowMs => {
      book.expire(nowMs)
      return book.stats()
    },
    rebuild: (claims, nowMs) => {
      const known = [...claims].flatMap(claim => {
        const index = usable(claim.address)
        return index === undefined || book.owners.get(index) === RESERVED ? [] : [{ claim, index }]
      })
      rebuildBook(book, known, { quarantineMs, nowMs })
    },
  }
}

interface KnownClaim {
  readonly claim: HeldAddress
  readonly index: number
}

function rebuildBook(
  book: AddressBook,
  known: readonly KnownClaim[],
  { quarantineMs, nowMs }: { readonly quarantineMs: number; readonly nowMs: number },
): void {
  book.expire(nowMs)
  const wanted = new Map<number, string>()
  for (const { claim, index } of known) if (claim.releasedAtMs === undefined) wanted.set(index, claim.owner)
  for (const [index, owner] of [...book.owners])
    if (owner !== RESERVED && !wanted.has(index)) book.letGo(index, nowMs)
  for (const [index, owner] of wanted) book.hold(index, owner)
  const released = known.flatMap(({ claim: { owner, releasedAtMs }, index }) =>
    releasedAtMs === undefined || releasedAtMs + quarantineMs <= nowMs
      ? []
      : [{ index, owner, untilMs: releasedAtMs + quarantineMs }],
  )
  // The quarantine ends in the order in which it is put.
  for (const { index, owner, untilMs } of released.sort((a, b) => a.untilMs - b.untilMs))
    if (!book.taken.has(index)) book.restore(index, owner, untilMs)
}

function assertQuarantine(quarantineMs: number): void {
  if (Number.isFinite(quarantineMs) && quarantineMs >= 0) return
  throw new InvalidError('address pool', [
    { field: 'quarantineMs', value: quarantineMs, message: 'must be a finite number ≥ 0' },
  ])
}
