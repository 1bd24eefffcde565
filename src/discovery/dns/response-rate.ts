import { LRUCache } from 'lru-cache'
import { assertKnown, assertValid, ipBytes, knownOptions, wholeNumber } from '../../core/internal.js'
import { foldByte } from './plain-request.js'
import { readU16 } from './wire-integers.js'

/** How many responses over UDP one network gets. */
export interface ResponseRateOptions {
  /** Equal responses a second to one network. */
  readonly responsesPerSecond: number
  /**
   * Each n-th response above the rate is sent truncated, so that a real client asks again over TCP; the others are
   * dropped. 1: all are truncated; 0: all are dropped. Default 2.
   */
  readonly slip?: number
  /** Pairs of network and response that are counted; the one not seen for longest is forgotten. Default 65 536. */
  readonly countersMax?: number
}

/** What becomes of a response. */
export type ResponseRateVerdict = 'send' | 'truncate' | 'drop'

/** Counts responses by who gets them. */
export interface ResponseRateLimit {
  /**
   * @param client the address of the client; clients of one /24 (IPv4) or /56 (IPv6) count together
   * @param response the whole message
   * @param nowMs any clock that never goes back
   */
  decide(client: string, response: Uint8Array, nowMs: number): ResponseRateVerdict
}

interface Counter {
  /** Responses that may be sent; below zero after a flood. */
  credit: number
  atMs: number
  /** Responses above the rate. */
  over: number
}

/** A flood is remembered for so long after it ended. */
const WINDOW_SECONDS = 15
const QUESTION_AT = 12

const KNOWN = /* @__PURE__ */ knownOptions<ResponseRateOptions>('responseRate', {
  responsesPerSecond: true,
  slip: true,
  countersMax: true,
})

/**
 * Response rate limiting as BIND has it: a server that is asked with a forged sender must not flood that sender.
 * Answers are counted by question, whatever its spelling; denials and errors together, since random names are each
 * asked only once. The credit of a network grows by the rate and sinks to 15 seconds' worth of it at the least.
 *
 * @throws InvalidError for a number out of bounds
 */
export function createResponseRateLimit(options: ResponseRateOptions): ResponseRateLimit {
  assertKnown(options, KNOWN)
  const { responsesPerSecond, slip = 2, countersMax = 65_536 } = options
  assertValid('response rate', [
    ...wholeNumber('responsesPerSecond', responsesPerSecond, { min: 1 }),
    ...wholeNumber('slip', slip),
    ...wholeNumber('countersMax', countersMax, { min: 1, max: 2 ** 24 }),
  ])
  const counters = new LRUCache<string, Counter>({ max: countersMax })
  return {
    decide: (client, response, nowMs) => {
      const key = `${networkOf(client)} ${responseClass(response)}`
      let counter = counters.get(key)
      if (counter === undefined) {
        counter = { credit: responsesPerSecond, atMs: nowMs, over: 0 }
        counters.set(key, counter)
      }
      const earned = ((nowMs - counter.atMs) * responsesPerSecond) / 1000
      counter.credit = Math.min(responsesPerSecond, counter.credit + earned)
      counter.atMs = nowMs
      counter.credit = Math.max(-WINDOW_SECONDS * responsesPerSecond, counter.credit - 1)
      if (counter.credit >= 0) return 'send'
      counter.over++
      return slip > 0 && counter.over % slip === 0 ? 'truncate' : 'drop'
    },
  }
}

/** The first 24 bits of an IPv4 address, the first 56 of an IPv6 one. */
function networkOf(client: string): string {
  const bytes = ipBytes(client)
  return bytes === undefined ? client : bytes.subarray(0, bytes.length === 4 ? 3 : 7).join('.')
}

/** Equal for responses that count together. */
function responseClass(response: Uint8Array): string {
  const rcode = (response[3] as number) & 15
  if (rcode !== 0) return `rcode ${rcode}`
  let question = ''
  let at = QUESTION_AT
  while (at < response.length && response[at] !== 0)
    question += String.fromCharCode(foldByte(response[at++] as number))
  return question + String.fromCharCode(response[at + 1] ?? 0, response[at + 2] ?? 0)
}

/** A response with nothing but its question, that makes a client ask again over TCP. */
export function truncatedResponse(response: Uint8Array): Uint8Array {
  const hasQuestion = readU16(response, 4) > 0
  let end = QUESTION_AT
  while (hasQuestion && end < response.length && response[end] !== 0) end += (response[end] as number) + 1
  const cut = new Uint8Array(response.subarray(0, hasQuestion ? end + 5 : QUESTION_AT))
  cut[2] = (cut[2] as number) | 2
  cut.fill(0, 6, QUESTION_AT)
  return cut
}
