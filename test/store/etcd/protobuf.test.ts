import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProtoFields } from '../../../src/store/etcd/protobuf.js'
import { encodeMessage, ProtoMessage, textOf } from '../../../src/store/etcd/protobuf.js'

/** The format in its plainest form: a list of bytes. */
function plainly(fields: ProtoFields): number[] {
  const varint = (value: bigint): number[] =>
    value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...varint(value >> 7n)]
  const chunk = (field: number, value: unknown): number[] => {
    const bytes = Buffer.from(value as string)
    return [...varint(BigInt((field << 3) | 2)), ...varint(BigInt(bytes.length)), ...bytes]
  }
  return fields.flatMap(([field, value]) => {
    if (Array.isArray(value)) return value.flatMap(one => chunk(field, one))
    if (typeof value === 'string' || value instanceof Uint8Array)
      return value.length === 0 ? [] : chunk(field, value)
    const number = BigInt(value ?? 0)
    return number === 0n ? [] : [...varint(BigInt(field << 3)), ...varint(number)]
  })
}

const chunk = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.uint8Array({ maxLength: 200 }))
const value = fc.oneof(
  chunk,
  fc.array(chunk, { maxLength: 3 }),
  fc.nat(),
  fc.maxSafeNat(),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.constant(undefined),
)
const fields = fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), value), { maxLength: 6 })

test('a message is what the format says, byte by byte', () => {
  fc.assert(
    fc.property(fields, given => {
      expect([...encodeMessage(given)]).toEqual(plainly(given))
    }),
  )
})

test('what was written is read again', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.maxSafeNat(),
      fc.boolean(),
      (text, count, flag) => {
        const read = new ProtoMessage(
          encodeMessage([
            [1, [encodeMessage([[2, text]])]],
            [3, count],
            [64, flag],
          ]),
        )
        const expected = Buffer.from(text).toString()
        expect([read.message(1).text(2), read.number(3), read.flag(64)]).toEqual([expected, count, flag])
        expect(textOf(Buffer.from(text))).toBe(expected)
      },
    ),
  )
})
