import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatIp, ipBytes } from '../../../src/core/internal.js'
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
