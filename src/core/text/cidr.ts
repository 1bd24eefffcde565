import { InvalidError } from '../errors.js'
import type { IpAddress } from './ip-address.js'
import { formatIp, parseIp } from './ip-address.js'

/** A block of addresses that share their first `prefix` bits. */
export interface Cidr {
  readonly family: 4 | 6
  readonly prefix: number
  readonly first: bigint
  readonly last: bigint
  /** How many addresses it holds, network and broadcast included. */
  readonly size: bigint
}

/**
 * Reads `address/prefix`.
 *
 * @throws InvalidError for an invalid block, or one with bits set behind its prefix (the message names the block
 * that was probably meant)
 */
export function parseCidr(text: string): Cidr {
  const slash = text.indexOf('/')
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash))
  const prefixText = text.slice(slash + 1)
  const width = address?.family === 4 ? 32 : 128
  const prefix = /^(0|[1-9]\d{0,2})$/.test(prefixText) ? Number(prefixText) : -1
  if (address === undefined || prefix < 0 || prefix > width) {
    throw invalid(
      text,
      'must be an address, a slash and a prefix length, such as 10.96.0.0/16 or fd00:96::/112',
    )
  }
  const size = 1n << BigInt(width - prefix)
  const first = address.value - (address.value % size)
  if (first !== address.value) {
    throw invalid(
      text,
      `has bits set behind its prefix; write ${formatIp({ family: address.family, value: first })}/${prefix}`,
    )
  }
  return { family: address.family, prefix, first, last: first + size - 1n, size }
}

/** `address/prefix` in canonical form. */
export function formatCidr(block: Cidr): string {
  return `${formatIp({ family: block.family, value: block.first })}/${block.prefix}`
}

/** Whether the block holds the address. */
export function cidrContains(block: Cidr, address: IpAddress): boolean {
  return block.family === address.family && address.value >= block.first && address.value <= block.last
}

/** Whether two blocks share an address. */
export function cidrOverlaps(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}

function invalid(value: string, message: string): InvalidError {
  return new InvalidError('address block', [{ field: 'cidr', value, message }])
}
