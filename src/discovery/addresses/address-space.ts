import { InvalidError } from '../../core/index.js'
import type { Cidr } from '../../core/internal.js'
import { cidrContains, cidrOverlaps, formatCidr, formatIp, parseCidr, parseIp } from '../../core/internal.js'

/** Most addresses that one pool may have: a bitmap of 2 MiB. */
const POOL_SIZE_MAX = 2 ** 24

/** A run of numbers, `from` included, `to` not. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly family: 4 | 6
}

/** Blocks laid end to end and numbered from 0; only usable addresses have a number. */
export interface AddressSpace {
  readonly cidrs: readonly string[]
  readonly size: number
  /** Searched first: all but the static bands. */
  readonly dynamic: readonly Span[]
  /** Left for explicit claims until the rest is full. */
  readonly static: readonly Span[]
  familyAt(index: number): 4 | 6
  addressAt(index: number): string
  /** `unusable` is the network or broadcast address of a block. */
  find(
    address: string,
  ): { readonly kind: 'usable'; readonly index: number } | { readonly kind: 'unusable' | 'outside' }
}

/** The usable addresses of a block, and their numbers. */
interface Run {
  readonly block: Cidr
  readonly first: bigint
  readonly from: number
  readonly count: number
}

/**
 * Numbers the addresses of blocks that do not overlap. IPv4 blocks lose their network and broadcast address, IPv6
 * blocks their first; blocks of one or two IPv4 addresses and of one IPv6 address lose none.
 *
 * @param staticBand how many addresses at the start of a block are its static band
 * @throws InvalidError for no blocks, overlapping ones, or more than 2^24 addresses
 */
export function createAddressSpace(
  texts: readonly string[],
  staticBand: (block: Cidr) => number,
): AddressSpace {
  const blocks = texts.map(parseCidr)
  if (blocks.length === 0) throw invalid(texts, 'must name at least one block')
  for (const [i, block] of blocks.entries()) {
    const other = blocks.slice(0, i).find(earlier => cidrOverlaps(earlier, block))
    if (other !== undefined)
      throw invalid(texts, `must not overlap, as ${formatCidr(other)} and ${formatCidr(block)} do`)
  }
  const total = blocks.reduce((sum, block) => sum + usableCount(block), 0n)
  if (total > POOL_SIZE_MAX)
    throw invalid(texts, `must have at most ${POOL_SIZE_MAX} addresses in all; use longer prefixes`)
  const dynamic: Span[] = []
  const fixed: Span[] = []
  const runs: Run[] = []
  let size = 0
  for (const block of blocks) {
    const count = Number(usableCount(block))
    const band = Math.min(count, staticBand(block))
    runs.push({ block, first: firstUsable(block), from: size, count })
    if (band > 0) fixed.push({ from: size, to: size + band, family: block.family })
    if (band < count) dynamic.push({ from: size + band, to: size + count, family: block.family })
    size += count
  }
  const runOf = (index: number): Run => runs.findLast(({ from }) => from <= index) as Run
  return {
    cidrs: blocks.map(formatCidr),
    size,
    dynamic,
    static: fixed,
    familyAt: index => runOf(index).block.family,
    addressAt: index => {
      const { block, first, from } = runOf(index)
      return formatIp({ family: block.family, value: first + BigInt(index - from) })
    },
    find: text => {
      const address = parseIp(text)
      if (address === undefined) return { kind: 'outside' }
      for (const { block, first, from, count } of runs) {
        if (block.family !== address.family) continue
        const offset = Number(address.value - first)
        if (offset >= 0 && offset < count) return { kind: 'usable', index: from + offset }
        if (cidrContains(block, address)) return { kind: 'unusable' }
      }
      return { kind: 'outside' }
    },
  }
}

/** How many addresses of the block can be handed out. */
function usableCount(block: Cidr): bigint {
  if (block.family === 4) return block.size <= 2n ? block.size : block.size - 2n
  return block.size === 1n ? 1n : block.size - 1n
}

function firstUsable(block: Cidr): bigint {
  return block.size <= (block.family === 4 ? 2n : 1n) ? block.first : block.first + 1n
}

function invalid(value: unknown, message: string): InvalidError {
  return new InvalidError('address pool', [{ field: 'cidrs', value, message }])
}
