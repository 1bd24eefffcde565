import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentHash } from '../../../src/core/index.js'
import { encodeHash, hash64 } from '../../../src/core/json/content-hash.js'

const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

describe('content hash', () => {
  test('has 14 characters of the safe alphabet and does not see key order', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter(key => key !== '__proto__'),
          fc.integer(),
        ),
        object => {
          const hash = contentHash(object)
          expect(hash).toMatch(new RegExp(`^[${alphabet}]{14}$`))
          expect(contentHash(Object.fromEntries(Object.entries(object).reverse()))).toBe(hash)
        },
      ),
    )
  })

  test('encodes like exact arithmetic does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (high, low) => {
          let left = (BigInt(high) << 32n) | BigInt(low)
          let expected = ''
          for (let i = 0; i < 14; i++) {
            expected = alphabet.charAt(Number(left % 27n)) + expected
            left /= 27n
          }
          expect(left).toBe(0n)
          expect(encodeHash([high, low])).toBe(expected)
        },
      ),
    )
  })

  test('does not change from version to version', () => {
    expect([
      contentHash(null),
      contentHash({}),
      contentHash({ image: 'web:1', replicas: 3 }),
    ]).toMatchInlineSnapshot(`
      [
        "fr4hjbnxjf8mf7",
        "b6ldr2wcwj6pt8",
        "bknd5t6gwrhxfb",
      ]
    `)
  })

  test('300,000 similar texts do not collide, and each half alone collides as rarely as chance allows', () => {
    const both = new Set<string>()
    const halves = [new Set<number>(), new Set<number>()] as const
    const total = 300_000
    for (let i = 0; i < total; i++) {
      const [high, low] = hash64(`{"name":"web-${i}"}`)
      both.add(`${high},${low}`)
      halves[0].add(high)
      halves[1].add(low)
    }
    expect(both.size).toBe(total)
    // Chance alone: n²/2^33, about 10.5 pairs.
    for (const half of halves) expect(total - half.size).toBeLessThan(35)
  })

  test('one changed bit changes about half of the bits', () => {
    const ones = (word: number): number => word.toString(2).replaceAll('0', '').length
    let changed = 0
    let samples = 0
    for (let i = 0; i < 500; i++) {
      const text = `template ${i} of web`
      const [high, low] = hash64(text)
      for (let at = 0; at < text.length; at++) {
        const [h, l] = hash64(
          text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1),
        )
        changed += ones((h ^ high) >>> 0) + ones((l ^ low) >>> 0)
        samples++
      }
    }
    expect(Math.abs(changed / samples - 32)).toBeLessThan(0.5)
  })
})
