import type { IpAddress } from './ip-address.js'
import { parseIp } from './ip-address.js'

/** All addresses whose first `length` bits are those of `address`. */
export interface IpPrefix {
  readonly address: IpAddress
  readonly length: number
}

const MAPPED_PREFIX = 0xffffn

/**
 * Reads `10.0.0.0/8` or `2001:db8::/32`, or a single address; undefined for other text. IPv4 addresses mapped into
 * IPv6 count as IPv4.
 */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const [addressText = '', lengthText, ...rest] = text.split('/')
  const parsed = parseIp(addressText)
  if (parsed === undefined || rest.length > 0) return undefined
  const address = unmapped(parsed)
  const bits = bitsOf(address)
  if (lengthText === undefined) return { address, length: bits }
  const length = /^(0|[1-9][0-9]{0,2})$/.test(lengthText) ? Number(lengthText) : Number.NaN
  return length <= bits ? { address, length } : undefined
}

/** Whether the address lies under the prefix; never across address families. */
export function prefixContains({ address: base, length }: IpPrefix, address: IpAddress): boolean {
  const { family, value } = unmapped(address)
  const shift = BigInt(bitsOf(base) - length)
  return base.family === family && base.value >> shift === value >> shift
}

function unmapped(address: IpAddress): IpAddress {
  return address.family === 6 && address.value >> 32n === MAPPED_PREFIX
    ? { family: 4, value: address.value & 0xffffffffn }
    : address
}

function bitsOf({ family }: IpAddress): 32 | 128 {
  return family === 4 ? 32 : 128
}
