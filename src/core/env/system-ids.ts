import type { IdSource } from './ids.js'
import type { Host } from './system-host.js'
import { systemHost } from './system-host.js'

/** Random words are fetched for so many ids at once: a call to the host costs more than what it brings. */
const BATCH = 64
const WORDS_PER_ID = 4

/** Random UUIDs (version 4). The hint is not used: such an id means the same everywhere. */
export function createSystemIds(host: Host = systemHost): IdSource {
  const words = new Uint32Array(BATCH * WORDS_PER_ID)
  let next = words.length
  return {
    next: () => {
      if (next === words.length) {
        host.randomWords(words)
        next = 0
      }
      const id = uuidFrom(words, next)
      next += WORDS_PER_ID
      return id
    },
  }
}

/**
 * RFC 9562 §5.4: 128 random bits with version 4 and variant 10 stamped in. Made from character codes in one go: a text
 * that is joined from pieces keeps them all, seven times its own size.
 *
 * @internal
 */
export function uuidFrom(words: Uint32Array, at = 0): string {
  for (let digit = 0; digit < PLACES.length; digit++) {
    const word = words[at + (digit >> 3)] as number
    CODES[PLACES[digit] as number] = DIGITS[(word >>> (28 - 4 * (digit & 7))) & 0xf] as number
  }
  CODES[14] = DIGITS[4] as number
  CODES[19] = DIGITS[(((words[at + 2] as number) >>> 28) & 0x3) | 0x8] as number
  return String.fromCharCode.apply(undefined, CODES)
}

const TEMPLATE = '00000000-0000-4000-8000-000000000000'
/** Filled anew for each id. */
const CODES: number[] = /* @__PURE__ */ Array.from(TEMPLATE, character => character.charCodeAt(0))
/** Where the digits are. */
const PLACES: readonly number[] = /* @__PURE__ */ [...CODES.keys()].filter(place => TEMPLATE[place] !== '-')
const DIGITS: readonly number[] = /* @__PURE__ */ Array.from('0123456789abcdef', digit => digit.charCodeAt(0))
