import fc from 'fast-check'
import { expect, test } from 'vitest'
import { txnRequest } from '../../../src/store/etcd/etcd-messages.js'
import type { ProtoFields } from '../../../src/store/etcd/protobuf.js'
import { encodeMessage, MessageReader, textOf } from '../../../src/store/etcd/protobuf.js'

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
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.boolean(),
      (text, count, id, flag) => {
        const inside = encodeMessage([[2, text]])
        const reader = new MessageReader(
          encodeMessage([
            [1, [inside]],
            [3, count],
            [5, id],
            [64, flag],
          ]),
        )
        const expected = Buffer.from(text).toString()
        expect(reader.next()).toBe(1)
        const message = reader.message()
        if (text !== '') expect([message.next(), message.text()]).toEqual([2, expected])
        expect(message.next()).toBe(0)
        const read = { count: 0, id: 0n, flag: false }
        for (let field = reader.next(); field !== 0; field = reader.next()) {
          if (field === 3) read.count = reader.number()
          else if (field === 5) read.id = reader.id()
          else if (field === 64) read.flag = reader.flag()
        }
        expect(read).toEqual({ count, id, flag })
        expect(textOf(Buffer.from(text))).toBe(expected)
      },
    ),
  )
})

test('a transaction is the message that its fields make', () => {
  const operation = (field: number, bytes: Uint8Array): Uint8Array => encodeMessage([[field, [bytes]]])
  const key = 'ü'.repeat(300)
  expect(
    Buffer.from(
      txnRequest(
        [
          { key: '/a', modRevision: 0 },
          { key: '/b', end: '/c', notAfter: 7 },
          { key: '/d', value: '' },
        ],
        [
          { put: key, value: '', lease: 2n ** 63n },
          { put: '/e', value: Buffer.from([0, 255]) },
          { delete: '/f' },
        ],
      ),
    ),
  ).toEqual(
    Buffer.from(
      encodeMessage([
        [
          1,
          [
            encodeMessage([
              [2, 2],
              [3, '/a'],
            ]),
            encodeMessage([
              [1, 2],
              [2, 2],
              [3, '/b'],
              [6, 8],
              [64, '/c'],
            ]),
            encodeMessage([
              [2, 3],
              [3, '/d'],
              [7, ['']],
            ]),
          ],
        ],
        [
          2,
          [
            operation(
              2,
              encodeMessage([
                [1, key],
                [3, 2n ** 63n],
              ]),
            ),
            operation(
              2,
              encodeMessage([
                [1, '/e'],
                [2, Buffer.from([0, 255])],
              ]),
            ),
            operation(3, encodeMessage([[1, '/f']])),
          ],
        ],
      ]),
    ),
  )
})

test.each([
  ['a number that does not end', [0x08, 0x80]],
  ['a number of too many bytes', [0x08, ...Array.from({ length: 10 }, () => 0x80), 1]],
  ['a text that is longer than the message', [0x0a, 2, 65]],
  ['a length that no buffer has', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
  ['four bytes that are three', [0x0d, 1, 2, 3]],
  ['a group', [0x0b]],
  ['a field without a number', [0x00, 1]],
])('what is no message is refused: %s', (_what, bytes) => {
  expect(() => new MessageReader(Uint8Array.from(bytes)).next()).toThrow(RangeError)
})
