import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalIp, formatIp, ipBytes, ipFamily, ipFromBytes, parseIp } from '../../../src/core/internal.js'

const address = fc.oneof(
  fc.record({ family: fc.constant(4 as const), value: fc.bigInt(0n, (1n << 32n) - 1n) }),
  fc.record({ family: fc.constant(6 as const), value: fc.bigInt(0n, (1n << 128n) - 1n) }),
  fc.record({ family: fc.constant(6 as const), value: fc.bigInt(0n, 0xffffn).map(v => v << 64n) }),
)

/** Text that is nearly an address: the characters of one in any order. */
const almost = fc.oneof(
  fc.string({ unit: fc.constantFrom('0', '1', '25', 'f', '::', ':', '.', 'g', 'A'), maxLength: 20 }),
  fc.array(fc.stringMatching(/^[0-9a-f]{0,5}$/), { maxLength: 9 }).map(groups => groups.join(':')),
  fc.array(fc.nat(300).map(String), { minLength: 3, maxLength: 5 }).map(octets => octets.join('.')),
  fc.ipV4(),
  fc.ipV6(),
)

describe('IP addresses', () => {
  test.each([
    ['0.0.0.0', 4, 0n],
    ['255.255.255.255', 4, 2n ** 32n - 1n],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['1:2:3:4:5:6:7:8', 6, 0x00010002000300040005000600070008n],
    ['1::8', 6, (1n << 112n) | 8n],
    ['::ffff:1.2.3.4', 6, 0xffff01020304n],
    ['64:ff9b::1.2.3.4', 6, (0x0064ff9bn << 96n) | 0x01020304n],
    ['FE80::A', 6, (0xfe80n << 112n) | 10n],
  ] as const)('%s', (text, family, value) => expect(parseIp(text)).toEqual({ family, value }))

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.x',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4::5:6:7:8',
    '12345::',
    'fe80::1%eth0',
    '1.2.3.4::',
    ' 1.2.3.4',
    '::1.2.3',
    ':1::2',
  ])('%j is invalid', text => expect(parseIp(text)).toBeUndefined())

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
})
