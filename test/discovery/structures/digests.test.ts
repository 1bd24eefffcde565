import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hex, sha1, sha256 } from '../../../src/discovery/structures/digests.js'

test('they are those of OpenSSL, for texts of all lengths', () => {
  const text = fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 40 }))
  fc.assert(
    fc.property(text, given => {
      expect(hex(sha1(given))).toBe(createHash('sha1').update(given).digest('hex'))
      expect(hex(sha256(given))).toBe(createHash('sha256').update(given).digest('hex'))
    }),
  )
})
