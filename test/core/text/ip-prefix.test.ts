import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIpAddress, parseIpPrefix, prefixContains } from '../../../src/core/text/ip-prefix.js'

describe('IP addresses', () => {
  test.each([
    ['0.0.0.0', 32, 0n],
    ['255.255.255.255', 32, 2n ** 32n - 1n],
    ['::', 128, 0n],
    ['::1', 128, 1n],
    ['1::', 128, 1n << 112n],
    ['1:2:3:4:5:6:7:8', 128, 0x00010002000300040005000600070008n],
    ['1::8', 128, (1n << 112n) | 8n],
    ['::ffff:1.2.3.4', 32, 0x01020304n],
    ['64:ff9b::1.2.3.4', 128, (0x0064ff9bn << 96n) | 0x01020304n],
    ['FE80::A', 128, (0xfe80n << 112n) | 10n],
  ] as const)('%s', (text, bits, value) => expect(parseIpAddress(text)).toEqual({ bits, value }))

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
  ])('%j is none', text => expect(parseIpAddress(text)).toBeUndefined())

  test.each(['1.2.3.4/', '1.2.3.4/33', '1.2.3.4/-1', '1.2.3.4/08', '::/129', '::/1/2', '/8'])(
    '%j is no prefix',
    text => {
      expect(parseIpPrefix(text)).toBeUndefined()
    },
  )

  test('a prefix contains exactly the addresses with the same leading bits', () => {
    const octets = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(octets, octets, fc.nat(32), fc.nat(32), (a, b, length, shared) => {
        const bits = (parts: readonly number[]): string =>
          parts.map(p => p.toString(2).padStart(8, '0')).join('')
        const mixed = bits(a).slice(0, shared) + bits(b).slice(shared)
        const text = [0, 8, 16, 24].map(at => Number.parseInt(mixed.slice(at, at + 8), 2)).join('.')
        const prefix = parseIpPrefix(`${a.join('.')}/${length}`)
        const address = parseIpAddress(text)
        if (prefix === undefined || address === undefined) throw new Error('must parse')
        expect(prefixContains(prefix, address)).toBe(bits(a).slice(0, length) === mixed.slice(0, length))
      }),
    )
  })
})
