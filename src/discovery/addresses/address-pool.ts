import type { FieldProblem } from '../../core/index.js'
import type { Cidr } from '../../core/internal.js'
import {
  assertKnown,
  assertValid,
  canonicalIp,
  ipFamily,
  isRecord,
  knownOptions,
} from '../../core/internal.js'
import type { ValueRule } from '../structures/value-rules.js'
import { listRule, membersRule, optional, textRule, wrong } from '../structures/value-rules.js'
import type { AddressBook } from './address-book.js'
import { createAddressBook } from './address-book.js'
import type { AddressPoolStats } from './address-errors.js'
import { AddressOutOfRangeError, AddressTakenError, PoolExhaustedError } from './address-errors.js'
import type { AddressStrategy } from './address-search.js'
import { search, startOf, strategyProblems } from './address-search.js'
import type { AddressSpace } from './address-space.js'
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
  /** Told once when the pool becomes so full, and again after it was less full; `stats` says how full in `watermark`. */
  readonly onWatermark?: (pool: string, stats: AddressPoolStats) => void
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
   * @throws KeelsonError `PoolExhausted` when none is free; while the pool has some of the other family, `details` names `family`
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
  /** Undoes an allocation or claim that nothing came of: the address is free at once, or in quarantine as it was. */
  cancel(address: string): void
  /** Who holds the address. */
  owner(address: string): string | undefined
  stats(nowMs: number): AddressPoolStats
  /** Whether the address is in one of its blocks and can be handed out. */
  includes(address: string): boolean
  /** What is held and what is in quarantine, without what is reserved: another pool is this one after `rebuild` of it. */
  snapshot(nowMs: number): readonly HeldAddress[]
  /**
   * Makes the held addresses exactly these; what was held and is not in the list goes into quarantine. Claims
   * outside the pool's blocks are ignored: it may have been made smaller since.
   *
   * @throws InvalidError for what is no address, owner or time; nothing is changed then
   */
  rebuild(claims: Iterable<HeldAddress>, nowMs: number): void
  /**
   * Adds a block; what is held stays held. It costs what is held once.
   *
   * @throws InvalidError as `createAddressPool`; nothing is changed then
   */
  grow(cidr: string): void
}

const RESERVED = 'the pool itself (reserved)'

const ADDRESS_POOL_OPTIONS = /* @__PURE__ */ knownOptions<AddressPoolOptions>('createAddressPool', {
  name: true,
  cidrs: true,
  reserve: true,
  strategy: true,
  staticBand: true,
  quarantineMs: true,
  onWatermark: true,
})

/**
 * Makes a pool with no address held.
 *
 * @throws InvalidError for blocks or addresses that cannot be read, overlap, or are too many, or a strategy that is none
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
  const { strategy, quarantineMs = QUARANTINE_MS } = options
  assertValid('address pool', [
    ...quarantineProblems(quarantineMs),
    ...(strategy === undefined ? [] : strategyProblems(strategy)),
  ])
  return new MemoryPool(options)
}

const QUARANTINE_MS = 60_000

/** Its functions are its own, so that they may be taken out of it. */
class MemoryPool implements AddressPool {
  readonly name: string
  readonly #options: AddressPoolOptions
  readonly #strategy: AddressStrategy
  readonly #quarantineMs: number
  #space: AddressSpace
  #book: AddressBook
  /** Behind what was given last, by the family that was asked for. */
  readonly #cursors = { any: 0, 4: 0, 6: 0 }
  #watermark = 0

  constructor(options: AddressPoolOptions) {
    const { reserve = [], strategy = { kind: 'lowest' }, quarantineMs = QUARANTINE_MS } = options
    this.#options = options
    this.#strategy = strategy
    this.#quarantineMs = quarantineMs
    this.#space = this.#spaceOf(options.cidrs)
    this.#book = createAddressBook(this.#space.size, quarantineMs)
    this.name = options.name ?? this.#space.cidrs.join(',')
    for (const address of reserve) this.#book.hold(this.#indexOf(address), RESERVED)
    this.#watermark = this.#book.stats().watermark
  }

  readonly allocate: AddressPool['allocate'] = (owner, nowMs, family) => {
    const index = this.#findFree(owner, nowMs, family)
    if (index === undefined)
      throw new PoolExhaustedError(this.name, this.#book.stats(), this.#book.topOwners(), family)
    this.#book.hold(index, owner)
    this.#cursors[family ?? 'any'] = index + 1
    this.#tell()
    return this.#space.addressAt(index)
  }

  readonly claim: AddressPool['claim'] = (address, owner, nowMs) => {
    const index = this.#indexOf(address)
    this.#book.expire(nowMs)
    const holder = this.#book.owner(index) ?? owner
    if (holder !== owner) throw new AddressTakenError(this.name, this.#space.addressAt(index), holder)
    this.#book.hold(index, owner)
    this.#tell()
  }

  readonly release: AddressPool['release'] = (address, nowMs) => {
    const index = this.#usable(address)
    const owner = index === undefined ? undefined : this.#book.owner(index)
    if (index === undefined || owner === undefined || owner === RESERVED) return false
    this.#book.letGo(index, nowMs)
    this.#tell()
    return true
  }

  readonly cancel: AddressPool['cancel'] = address => {
    const index = this.#usable(address)
    if (index !== undefined && this.#book.owner(index) !== RESERVED) this.#book.free(index)
    this.#tell()
  }

  readonly includes: AddressPool['includes'] = address => this.#usable(address) !== undefined

  readonly owner: AddressPool['owner'] = address => {
    const index = this.#usable(address)
    return index === undefined ? undefined : this.#book.owner(index)
  }

  readonly stats: AddressPool['stats'] = nowMs => {
    this.#book.expire(nowMs)
    this.#tell()
    return this.#book.stats()
  }

  readonly snapshot: AddressPool['snapshot'] = nowMs => {
    const [space, book] = [this.#space, this.#book]
    book.expire(nowMs)
    const held = Array.from(book.held(), ([index, { owner }]) => ({ address: space.addressAt(index), owner }))
    const resting = Array.from(book.quarantined(), ({ index, owner, untilMs }) => ({
      address: space.addressAt(index),
      owner,
      releasedAtMs: untilMs - this.#quarantineMs,
    }))
    return [...held.filter(({ owner }) => owner !== RESERVED), ...resting]
  }

  readonly rebuild: AddressPool['rebuild'] = (claims, nowMs) => {
    const held = assertClaims(claims)
    const book = this.#book
    const known = held.flatMap(claim => {
      const index = this.#usable(claim.address)
      return index === undefined || book.owner(index) === RESERVED ? [] : [{ claim, index }]
    })
    rebuildBook(book, known, { quarantineMs: this.#quarantineMs, nowMs })
    this.#tell()
  }

  readonly grow: AddressPool['grow'] = cidr => {
    // The new block has the numbers behind the others, so each address keeps its own.
    const space = this.#spaceOf([...this.#space.cidrs, cidr])
    const book = createAddressBook(space.size, this.#quarantineMs)
    this.#book.copyTo(book)
    this.#space = space
    this.#book = book
    this.#tell()
  }

  /** Apart from `allocate`, so that the engine compiles it: what always throws is interpreted. */
  #findFree(owner: string, nowMs: number, family: 4 | 6 | undefined): number | undefined {
    const [space, book] = [this.#space, this.#book]
    book.expire(nowMs)
    const fits = (candidate: number): boolean => family === undefined || space.familyAt(candidate) === family
    const start = startOf(this.#strategy, owner, this.#cursors[family ?? 'any'])
    return book.released(owner, fits) ?? search(space, book.taken, start, family)
  }

  #spaceOf(cidrs: readonly string[]): AddressSpace {
    return createAddressSpace(cidrs, this.#options.staticBand ?? (() => 0))
  }

  #usable(address: string): number | undefined {
    const found = this.#space.find(address)
    return found.kind === 'usable' ? found.index : undefined
  }

  #indexOf(address: string): number {
    const index = this.#usable(address)
    if (index !== undefined) return index
    if (this.#space.find(address).kind === 'outside')
      throw new AddressOutOfRangeError(this.name, address, this.#space.cidrs)
    throw new AddressTakenError(
      this.name,
      canonicalIp(address) ?? address,
      'its block (network or broadcast)',
    )
  }

  #tell(): void {
    const { onWatermark } = this.#options
    if (onWatermark === undefined) return
    const stats = this.#book.stats()
    const before = this.#watermark
    this.#watermark = stats.watermark
    if (stats.watermark > before) onWatermark(this.name, stats)
  }
}

const CLAIM_RULE: ValueRule = /* @__PURE__ */ claimRule()

function claimRule(): ValueRule {
  const time: ValueRule = value => (Number.isFinite(value) ? [] : wrong(value, 'must be a time in epoch ms'))
  return membersRule<HeldAddress>('a held address', {
    address: textRule(
      'must be an IPv4 or IPv6 address; leave out what is none',
      text => ipFamily(text) !== 0,
    ),
    owner: textRule('must be the name of an owner, not empty', text => text !== ''),
    releasedAtMs: optional(time),
  })
}

function assertClaims(claims: Iterable<HeldAddress>): readonly HeldAddress[] {
  const held = isRecord(claims) && Symbol.iterator in claims ? [...claims] : claims
  const problems = listRule(CLAIM_RULE, { what: 'held addresses', max: Number.POSITIVE_INFINITY })(held)
  assertValid(
    'address pool',
    problems.map(problem => ({ ...problem, field: `claims${problem.field}` })),
  )
  return held as readonly HeldAddress[]
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
  for (const [index, { owner }] of [...book.held()])
    if (owner !== RESERVED && !wanted.has(index)) book.letGo(index, nowMs)
  for (const [index, owner] of wanted) book.hold(index, owner)
  const released = known.flatMap(({ claim: { owner, releasedAtMs }, index }) =>
    releasedAtMs === undefined || releasedAtMs + quarantineMs <= nowMs
      ? []
      : [{ index, owner, untilMs: releasedAtMs + quarantineMs }],
  )
  // What an owner released last is what it gets back first.
  for (const { index, owner, untilMs } of released.sort((a, b) => a.untilMs - b.untilMs))
    if (!book.taken.has(index)) book.restore(index, owner, untilMs)
}

function quarantineProblems(quarantineMs: number): readonly FieldProblem[] {
  if (Number.isFinite(quarantineMs) && quarantineMs >= 0) return []
  return [{ field: 'quarantineMs', value: quarantineMs, message: 'must be a finite number ≥ 0' }]
}
