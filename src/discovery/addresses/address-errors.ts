import { KeelsonError } from '../../core/index.js'

/** Percentages of a pool at which somebody is told: a block should be added before the last. */
const WATERMARKS = [75, 90, 100] as const

/** The highest watermark that a pool has reached; 0 below all. What is in quarantine cannot be had either. */
export function watermarkOf(capacity: number, free: number): number {
  return WATERMARKS.findLast(percent => (capacity - free) * 100 >= percent * capacity) ?? 0
}

/** How full a pool is. `used`, `quarantined` and `free` add up to `capacity`. */
export interface AddressPoolStats {
  /** Addresses that can be handed out or are reserved. */
  readonly capacity: number
  /** Held or reserved. */
  readonly used: number
  /** Released too recently to be given to another owner. */
  readonly quarantined: number
  readonly free: number
  /** The highest of 75, 90 and 100 per cent that are not free; 0 below. */
  readonly watermark: number
}

/** An owner, and how many addresses it holds. */
export interface OwnerShare {
  readonly owner: string
  readonly count: number
}

/** Nothing is left to allocate. `details` has the counts, the message who holds most, `topOwners` the five largest. */
export class PoolExhaustedError extends KeelsonError<'PoolExhausted'> {
  readonly stats: AddressPoolStats
  readonly topOwners: readonly OwnerShare[]

  /** @param family that was asked for; it is said where the pool has addresses of the other one */
  constructor(pool: string, stats: AddressPoolStats, topOwners: readonly OwnerShare[], family?: 4 | 6) {
    const { capacity, used, quarantined, free, watermark } = stats
    const [first] = topOwners
    const most = first === undefined ? '' : `; ${first.owner} holds most (${first.count})`
    const isOther = family !== undefined && free > 0
    const none = isOther ? `has no IPv${family} address left` : 'is exhausted'
    const message =
      `address pool ${pool} ${none}: ${used} of ${capacity} used, ${quarantined} in quarantine${most}; ` +
      'add a block or release addresses'
    const counts = { pool, capacity, used, quarantined, free, watermark }
    // Members that are flat are not copied.
    super({ code: 'PoolExhausted', message, details: isOther ? { ...counts, family } : counts })
    this.stats = stats
    this.topOwners = topOwners
  }
}

/** The address is held by another owner, or reserved. */
export class AddressTakenError extends KeelsonError<'AlreadyExists'> {
  constructor(pool: string, address: string, owner: string) {
    const message = `address ${address} of pool ${pool} is taken by ${owner}; choose another or let the pool choose`
    super({ code: 'AlreadyExists', message, details: { kind: 'Address', name: address, pool, owner } })
  }
}

/** The address is in none of the pool's blocks. */
export class AddressOutOfRangeError extends KeelsonError<'OutOfRange'> {
  constructor(pool: string, address: string, cidrs: readonly string[]) {
    const message = `address ${address} is not in pool ${pool}; its blocks are ${cidrs.join(', ')}`
    super({ code: 'OutOfRange', message, details: { pool, address, cidrs } })
  }
}
