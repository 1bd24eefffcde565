import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cidrContains, cidrOverlaps, formatCidr, parseCidr } from '../../../src/discovery/addresses/cidr.js'
import {
  canonicalIp,
  formatIp,
  ipBytes,
  ipFamily,
  ipFromBytes,
  parseIp,
} from '../../../src/discovery/addresses/ip-address.js'
import { parseReverseName } from '../../../src/discovery/dns/reverse-name.js'

const address = fc.oneof(
  fc.record({ family: fc.constant(4 as const), value: fc.bigInt(0n, (1n << 32n) - 1n) }),
  fc.record({ family: fc.constant(6 as const), value: fc.bigInt(0n, (1n << 128n) - 1n) }),
  fc.record({ family: fc.constant(6 as const), value: fc.bigInt(0n, 0xffffn).map(v => v << 64n) }),
)
/** The name below `in-addr.arpa.` or `ip6.arpa.` under which an address is looked up. */
function reverseName(text: string): string {
  const bytes = Array.from(ipBytes(text) ?? [])
  if (bytes.length === 4) return `${bytes.reverse().join('.')}.in-addr.arpa.`
  const nibbles = bytes.flatMap(byte => [byte >>> 4, byte & 15]).reverse()
  return `${nibbles.map(nibble => nibble.toString(16)).join('.')}.ip6.arpa.`
}

/** Text that is nearly an address: the characters of one in any order. */
const almost = fc.oneof(
  fc.string({ unit: fc.constantFrom('0', '1', '25', 'f', '::', ':', '.', 'g', 'A'), maxLength: 20 }),
  fc.array(fc.stringMatching(/^[0-9a-f]{0,5}$/), { maxLength: 9 }).map(groups => groups.join(':')),
  fc.array(fc.nat(300).map(String), { minLength: 3, maxLength: 5 }).map(octets => octets.join('.')),
  fc.ipV4(),
  fc.ipV6(),
)

describe('addresses', () => {
  test('what is an address agrees with the host, zone identifiers aside', () => {
    fc.assert(
      fc.property(almost, text => {
        expect(ipFamily(text)).toBe(isIP(text))
        expect(parseIp(text)?.family ?? 0).toBe(isIP(text))
      }),
      { numRuns: 3000 },
    )
  })

  test('leading zeros and zone identifiers are refused', () => {
    for (const text of [
      '010.0.0.1',
      '1.2.3.04',
      '00.0.0.0',
      'fe80::1%eth0',
      '',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
    ]) {
      expect(parseIp(text), text).toBeUndefined()
    }
  })

  test('formatting and reading are inverse, as text and as bytes', () => {
    fc.assert(
      fc.property(address, ip => {
        const text = formatIp(ip)
        expect(parseIp(text)).toEqual(ip)
        expect(canonicalIp(text)).toBe(text)
        expect(ipFromBytes(ipBytes(text) ?? new Uint8Array())).toBe(text)
      }),
    )
  })

  test('RFC 5952: lower case, the first longest run of at least two zero groups is shortened', () => {
    const table: readonly [string, string][] = [
      ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0db8::0001', '2001:db8::1'],
      ['0:0:0:0:0:0:0:0', '::'],
      ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
      ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
      ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ]
    for (const [text, canonical] of table) expect(canonicalIp(text), text).toBe(canonical)
  })

  test('a reverse name leads back to its address', () => {
    fc.assert(
      fc.property(address, ip => {
        const text = formatIp(ip)
        expect(parseReverseName(reverseName(text))).toEqual({ kind: 'address', address: text })
      }),
    )
    expect(parseReverseName('0.10.IN-ADDR.arpa.')).toEqual({ kind: 'network' })
    expect(parseReverseName('x.0.0.10.in-addr.arpa.')).toEqual({ kind: 'nothing' })
    expect(parseReverseName('1.2.3.4.5.in-addr.arpa.')).toEqual({ kind: 'nothing' })
    expect(parseReverseName('example.com.')).toBeUndefined()
  })
})

describe('address blocks', () => {
  test('a block holds exactly the addresses that share its prefix', () => {
    fc.assert(
      fc.property(address, address, fc.nat(128), (base, other, length) => {
        const width = base.family === 4 ? 32 : 128
        const prefix = Math.min(length, width)
        const shift = BigInt(width - prefix)
        const block = parseCidr(
          `${formatIp({ family: base.family, value: (base.value >> shift) << shift })}/${prefix}`,
        )
        const same = other.family === base.family && other.value >> shift === base.value >> shift
        expect(cidrContains(block, other)).toBe(same)
        expect(cidrContains(block, base)).toBe(true)
        expect(parseCidr(formatCidr(block))).toEqual(block)
      }),
    )
  })

  test('bits behind the prefix are refused, naming the block that was meant', () => {
    expect(() => parseCidr('10.96.0.1/16')).toThrow('10.96.0.0/16')
    for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', 'x/8', '::/129', '10.0.0.0/']) {
      expect(() => parseCidr(text), text).toThrow(expect.objectContaining({ code: 'Invalid' }))
    }
  })

  test('blocks overlap when one holds the other', () => {
    expect(cidrOverlaps(parseCidr('10.0.0.0/8'), parseCidr('10.96.0.0/16'))).toBe(true)
    expect(cidrOverlaps(parseCidr('10.0.0.0/16'), parseCidr('10.1.0.0/16'))).toBe(false)
    expect(cidrOverlaps(parseCidr('0.0.0.0/0'), parseCidr('::/0'))).toBe(false)
  })
})
