import { canonicalJson } from './canonical-json.js'

/** No vowels, and no digits that look like letters: a hash is safe in a name and spells no word. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** 27^14 is the first power of 27 above 2^64. */
const HASH_LENGTH = 14

/**
 * A name for content: 14 characters of the alphabet that Kubernetes uses for template hashes. Equal JSON values have equal
 * hashes, in any key order, on any host and in any version of this package.
 *
 * It is a 64-bit hash, not a cryptographic one: among n different contents the chance that any two share a
 * hash is about n²/2^65 (one in 37 million for a million), and someone who tries can make two that do. Where that
 * matters compare the contents too.
 *
 * @throws InvalidError as `canonicalJson`
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { contentHash } from 'keelson/core'
 *
 * assert.equal(contentHash({ image: 'web:1', replicas: 3 }), contentHash({ replicas: 3, image: 'web:1' }))
 * assert.match(contentHash({ image: 'web:2' }), /^[bcdfghjklmnpqrstvwxz2456789]{14}$/)
 * ```
 */
export function contentHash(value: unknown): string {
  return encodeHash(hash64(canonicalJson(value)))
}

/**
 * 64 bits over the UTF-16 code units of a text, as two unsigned 32-bit words, the high one first.
 */
export function hash64(text: string): readonly [high: number, low: number] {
  let high = 0x9e3779b9 ^ text.length
  let low = 0x7f4a7c15 ^ text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Each lane multiplies by its own odd constant and takes in the other, so neither repeats its partner.
    high = Math.imul(rotate(high ^ Math.imul(unit, 0xcc9e2d51), 13), 0x85ebca6b) + low
    low = Math.imul(rotate(low ^ Math.imul(unit, 0x1b873593), 17), 0xc2b2ae35) ^ high
  }
  for (let round = 0; round < 3; round++) {
    high = Math.imul(high ^ (high >>> 16) ^ low, 0x85ebca6b)
    low = Math.imul(low ^ (low >>> 13) ^ high, 0xc2b2ae35)
  }
  return [(high ^ (high >>> 15)) >>> 0, (low ^ (low >>> 16)) >>> 0]
}

/** Writes 64 bits in base 27, most significant digit first. */
export function encodeHash([high, low]: readonly [high: number, low: number]): string {
  let text = ''
  let upper = high
  let lower = low
  for (let digit = 0; digit < HASH_LENGTH; digit++) {
    const carried = (upper % ALPHABET.length) * 2 ** 32 + lower
    upper = Math.floor(upper / ALPHABET.length)
    lower = Math.floor(carried / ALPHABET.length)
    text = ALPHABET.charAt(carried % ALPHABET.length) + text
  }
  return text
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
