import { InvalidError } from '../errors.js'
import type { Random } from './random.js'

/** The 128 bits that a stream is made from. */
type Key = readonly [number, number, number, number]

/**
 * A deterministic generator (sfc32 of PractRand: 128 bits of state, 53-bit results). The same seed gives the
 * same numbers on every host. Not for secrets.
 *
 * @param seed a number or text; `1` and `'1'` are different seeds
 * @throws InvalidError for what is neither: all objects would be one seed
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createSeededRandom } from 'keelson/core'
 *
 * const random = createSeededRandom(42)
 * const early = random.fork('jitter').next()
 * random.next()
 * assert.equal(random.fork('jitter').next(), early)
 * ```
 */
export function createSeededRandom(seed: number | string): Random {
  if (typeof seed !== 'number' && typeof seed !== 'string')
    throw new InvalidError('seeded random', [
      { field: 'seed', value: seed, message: 'must be a number or a text' },
    ])
  return new Stream(BEGINNING, `${typeof seed}:${seed}`)
}

/** A generator whose 128-bit key comes from `words`. */
export function randomFromWords(words: Uint32Array): Random {
  return new Stream([words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0])
}

const BEGINNING: Key = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667]

/** Most are made in case somebody draws from them, so nothing is worked out before. */
class Stream implements Random {
  /** Until the label was mixed in, that of the parent. */
  #key: Key
  #label: string | undefined
  #isBegun = false
  #a = 0
  #b = 0
  #c = 0
  #counter = 0

  constructor(key: Key, label?: string) {
    this.#key = key
    this.#label = label
  }

  next(): number {
    if (!this.#isBegun) this.#begin()
    return ((this.#word() >>> 5) * 2 ** 26 + (this.#word() >>> 6)) / 2 ** 53
  }

  fork(label: string): Random {
    return new Stream(this.#ownKey(), label)
  }

  #ownKey(): Key {
    if (this.#label !== undefined) this.#key = absorb(this.#key, this.#label)
    this.#label = undefined
    return this.#key
  }

  #begin(): void {
    ;[this.#a, this.#b, this.#c, this.#counter] = this.#ownKey()
    this.#isBegun = true
    for (let round = 0; round < 12; round++) this.#word()
  }

  #word(): number {
    const out = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + out) | 0
    return out >>> 0
  }
}

/** Mixes text into a key: four multiply-xor lanes, stirred into one another at the end. */
function absorb(key: Key, text: string): Key {
  let [a, b, c, d] = key
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i) + 1
    a = Math.imul(a ^ unit, 0x85ebca6b)
    b = Math.imul(b ^ unit ^ (a >>> 15), 0xc2b2ae35)
    c = Math.imul(c ^ unit ^ (b >>> 13), 0x27d4eb2f)
    d = Math.imul(d ^ unit ^ (c >>> 16), 0x165667b1)
  }
  for (let round = 0; round < 4; round++) {
    a = Math.imul(a ^ (d >>> 16), 0x85ebca6b) + text.length
    b = Math.imul(b ^ (a >>> 13), 0xc2b2ae35)
    c = Math.imul(c ^ (b >>> 16), 0x27d4eb2f)
    d = Math.imul(d ^ (c >>> 15), 0x165667b1)
  }
  return [a | 0, b | 0, c | 0, d | 0]
}
