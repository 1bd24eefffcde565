import type { Random } from './random.js'

/** The 128 bits that a stream is made from. */
type Key = readonly [number, number, number, number]

/**
 * A deterministic generator (sfc32 of PractRand: 128 bits of state, 53-bit results). The same seed gives the
 * same numbers on every host. Not for secrets.
 *
 * @param seed a number or text; `1` and `'1'` are different seeds
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
  return streamOf(absorb([0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667], `${typeof seed}:${seed}`))
}

/** A generator whose 128-bit key comes from `words`. */
export function randomFromWords(words: Uint32Array): Random {
  return streamOf([words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0])
}

function streamOf(key: Key): Random {
  let draw: Random['next'] | undefined
  return {
    next: () => {
      draw ??= numbersOf(key)
      return draw()
    },
    fork: label => forkOf(key, label),
  }
}

/** Most forks are made in case somebody draws from them, so nothing is worked out before. */
function forkOf(parent: Key, label: string): Random {
  let stream: Random | undefined
  const own = (): Random => {
    stream ??= streamOf(absorb(parent, label))
    return stream
  }
  return { next: () => own().next(), fork: other => own().fork(other) }
}

function numbersOf(key: Key): Random['next'] {
  let [a, b, c, counter] = key
  const word = (): number => {
    const out = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + out
    return out >>> 0
  }
  for (let round = 0; round < 12; round++) word()
  return () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53
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
