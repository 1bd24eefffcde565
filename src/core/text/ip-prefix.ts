/** An address as a number of 32 or 128 bits. IPv4 addresses mapped into IPv6 count as IPv4. */
export interface IpAddress {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** All addresses whose first `length` bits are those of `address`. */
export interface IpPrefix {
  readonly address: IpAddress
  readonly length: number
}

const MAPPED_PREFIX = 0xffffn

/** Reads an IPv4 or IPv6 address; undefined for other text, zones and octets with leading zeros included. */
export function parseIpAddress(text: string): IpAddress | undefined {
  const octets = parseOctets(text)
  if (octets !== undefined) return { bits: 32, value: octets }
  const value = parseGroups(text)
  if (value === undefined) return undefined
  return value >> 32n === MAPPED_PREFIX ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value }
}

/** Reads `10.0.0.0/8` or `2001:db8::/32`, or a single address; undefined for other text. */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const [addressText = '', lengthText, ...rest] = text.split('/')
  const address = parseIpAddress(addressText)
  if (address === undefined || rest.length > 0) return undefined
  if (lengthText === undefined) return { address, length: address.bits }
  const length = /^(0|[1-9][0-9]{0,2})$/.test(lengthText) ? Number(lengthText) : Number.NaN
  return length <= address.bits ? { address, length } : undefined
}

/** Whether the address lies under the prefix; never across address families. */
export function prefixContains({ address: base, length }: IpPrefix, address: IpAddress): boolean {
  const shift = BigInt(base.bits - length)
  return base.bits === address.bits && base.value >> shift === address.value >> shift
}

function parseOctets(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = value * 256n + BigInt(part)
  }
  return value
}

function parseGroups(text: string): bigint | undefined {
  const halves = text.split('::')
  if (text.length > 45 || halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half, index) => groupsOf(half, index === halves.length - 1))
  if (head.includes(undefined) || tail.includes(undefined)) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail]
  return groups.reduce<bigint>((value, group) => value * 65_536n + (group ?? 0n), 0n)
}

/** Sixteen-bit groups; the very last may be dotted and stands for two. */
function groupsOf(half: string, isLast: boolean): (bigint | undefined)[] {
  if (half === '') return []
  const parts = half.split(':')
  return parts.flatMap((part, index): (bigint | undefined)[] => {
    const octets = isLast && index === parts.length - 1 ? parseOctets(part) : undefined
    if (octets !== undefined) return [octets >> 16n, octets & 0xffffn]
    return [/^[0-9a-fA-F]{1,4}$/.test(part) ? BigInt(`0x${part}`) : undefined]
  })
}
