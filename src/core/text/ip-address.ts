/** An IP address as a number of its family: 32 bits for 4, 128 bits for 6. */
export interface IpAddress {
  readonly family: 4 | 6
  readonly value: bigint
}

/**
 * Reads dotted IPv4 or RFC 4291 IPv6 text. Octets with leading zeros are refused (some readers take them for
 * octal), and so are IPv6 zone identifiers, which mean nothing outside the host that wrote them.
 *
 * @returns undefined when the text is not an address; never throws
 */
export function parseIp(text: string): IpAddress | undefined {
  const dotted = parseIpv4(text)
  if (dotted >= 0) return { family: 4, value: BigInt(dotted) }
  const groups = parseIpv6Groups(text)
  if (groups === undefined) return undefined
  let value = 0n
  for (const group of groups) value = (value << 16n) | BigInt(group)
  return { family: 6, value }
}

/** The 32-bit number of a dotted IPv4 address, or -1. */
function parseIpv4(text: string): number {
  let value = 0
  let octet = -1
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46) {
      if (octet < 0 || ++dots > 3) return -1
      value = value * 256 + octet
      octet = -1
    } else if (code >= 48 && code <= 57) {
      if (octet === 0) return -1
      octet = octet < 0 ? code - 48 : octet * 10 + code - 48
      if (octet > 255) return -1
    } else return -1
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1
}

/** The eight 16-bit groups of an IPv6 address, or undefined. */
function parseIpv6Groups(text: string): readonly number[] | undefined {
  if (text.length < 2 || text.length > 45) return undefined
  const gap = text.indexOf('::')
  if (gap < 0) {
    const groups = groupsOf(text)
    return groups?.length === 8 ? groups : undefined
  }
  if (text.includes('::', gap + 1)) return undefined
  const head = gap === 0 ? [] : groupsOf(text.slice(0, gap), false)
  const tail = gap + 2 === text.length ? [] : groupsOf(text.slice(gap + 2))
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

function groupsOf(text: string, mayEndDotted = true): number[] | undefined {
  const parts = text.split(':')
  const groups: number[] = []
  for (const [i, part] of parts.entries()) {
    if (mayEndDotted && i === parts.length - 1 && part.includes('.')) {
      const dotted = parseIpv4(part)
      if (dotted < 0) return undefined
      groups.push(Math.floor(dotted / 65_536), dotted % 65_536)
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups
}

/**
 * Canonical text: dotted for 4; RFC 5952 for 6 (lower case, the first longest run of zero groups shortened,
 * IPv4-mapped addresses with a dotted tail).
 */
export function formatIp(address: IpAddress): string {
  const { family, value } = address
  if (family === 4) return formatIpv4(Number(value))
  const groups: number[] = []
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn))
  if (value >> 32n === 0xffffn) return `::ffff:${formatIpv4(Number(value & 0xffffffffn))}`
  const [start, length] = longestZeroRun(groups)
  const hex = (part: readonly number[]): string => part.map(group => group.toString(16)).join(':')
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

function longestZeroRun(groups: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0]
  let run = 0
  for (const [i, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0
    if (run > best[1]) best = [i - run + 1, run]
  }
  return best
}

/** The canonical form of `text`, or undefined when it is not an address. */
export function canonicalIp(text: string): string | undefined {
  const address = parseIp(text)
  return address === undefined ? undefined : formatIp(address)
}

/** 4, 6, or 0 when the text is not an address. */
export function ipFamily(text: string): 0 | 4 | 6 {
  if (parseIpv4(text) >= 0) return 4
  return parseIpv6Groups(text) === undefined ? 0 : 6
}

/** The 4 or 16 bytes in network order, or undefined when the text is not an address. */
export function ipBytes(text: string): Uint8Array | undefined {
  const dotted = parseIpv4(text)
  if (dotted >= 0) return Uint8Array.of(dotted >>> 24, dotted >>> 16, dotted >>> 8, dotted)
  const groups = parseIpv6Groups(text)
  if (groups === undefined) return undefined
  const bytes = new Uint8Array(16)
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >>> 8
    bytes[2 * i + 1] = group
  }
  return bytes
}

/** Canonical text of 4 or 16 bytes in network order. */
export function ipFromBytes(bytes: Uint8Array): string {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return formatIp({ family: bytes.length === 4 ? 4 : 6, value })
}
