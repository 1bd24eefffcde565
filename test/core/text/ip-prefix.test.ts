import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIp } from '../../../src/core/internal.js'
import { parseIpPrefix, prefixContains } from '../../../src/core/text/ip-prefix.js'

describe('IP prefixes', () => {
  test.each(['1.2.3.4/', '1.2.3.4/33', '1.2.3.4/-1', '1.2.3.4/08', '::/129', '::/1/2', '/8'])(
    '%j is invalid',
    text => {
      expect(parseIpPrefix(text)).toBeUndefined()
    },
  )

  test('IPv4 addresses mapped into IPv6 count as IPv4', () => {
    const prefix = parseIpPrefix('10.0.0.0/8')
    const mapped = parseIp('::ffff:10.1.2.3')
    expect(prefix && mapped && prefixContains(prefix, mapped)).toBe(true)
    expect(parseIpPrefix('::ffff:10.0.0.0/8')).toEqual(prefix)
    expect(parseIpPrefix('::ffff:10.0.0.0/104')).toBeUndefined()
  })

  test('a prefix contains exactly the addresses with the same leading bits', () => {
    const octets = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(octets, octets, fc.nat(32), fc.nat(32), (a, b, length, shared) => {
        const bits = (parts: readonly number[]): string =>
          parts.map(p => p.toString(2).padStart(8, '0')).join('')
        const mixed = bits(a).slice(0, shared) + bits(b).slice(shared)
        const text = [0, 8, 16, 24].map(at => Number.parseInt(mixed.slice(at, at + 8), 2)).join('.')
        const prefix = parseIpPrefix(`${a.join('.')}/${length}`)
        const address = parseIp(text)
        if (prefix === undefined || address === undefined) throw new Error('must parse')
        expect(prefixContains(prefix, address)).toBe(bits(a).slice(0, length) === mixed.slice(0, length))
      }),
    )
  })
})
