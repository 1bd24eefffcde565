import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIp } from '../../../src/core/internal.js'
import { cidrContains, cidrOverlaps, formatCidr, parseCidr } from '../../../src/core/text/cidr.js'

const address = fc.oneof(
  fc.record({ family: fc.constant(4 as const), value: fc.bigInt(0n, (1n << 32n) - 1n) }),
  fc.record({ family: fc.constant(6 as const), value: fc.bigInt(0n, (1n << 128n) - 1n) }),
  fc.record({ family: fc.constant(6 as const), value: fc.bigInt(0n, 0xffffn).map(v => v << 64n) }),
)

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
