import { answerDns } from './dns-answer.js'
import type { RegistryQuestion, Resolution } from './resolution.js'

/** What answers come from; a registry is one. */
export interface DnsSource {
  /** Another value after every change that may change an answer. */
  snapshot(): unknown
  resolve(question: RegistryQuestion): Resolution
}

/** How requests are answered. */
export interface DnsResponderOptions {
  /** See `DnsAnswerOptions`. Default 1232. */
  readonly ednsBytes?: number
  /** Bytes of responses kept for equal requests at one registry revision; over it all are dropped. Default 8 MiB. */
  readonly cacheBytes?: number
}

/** Turns request bytes into response bytes. */
export interface DnsResponder {
  respond(request: Uint8Array, transport: 'udp' | 'tcp'): Uint8Array | undefined
}

/** Different rotations of one answer that are kept. */
const VARIANTS_MAX = 16
/** Longer requests are rare and not worth a key. */
const KEY_BYTES_MAX = 300

interface Entry {
  /** How many records can take turns at the front. */
  readonly records: number
  readonly variants: (Uint8Array | undefined)[]
}

/**
 * Answers from a source, at its present state. A counter turns each set of addresses further with every answer, so
 * that clients that take the first one spread out. Responses to equal requests are kept until the snapshot changes.
 */
export function createDnsResponder(source: DnsSource, options: DnsResponderOptions = {}): DnsResponder {
  const { ednsBytes = 1232, cacheBytes = 8 * 2 ** 20 } = options
  let cache = new Map<string, Entry>()
  let cached = 0
  let snapshot = source.snapshot()
  let counter = 0
  const clear = (): void => {
    cache = new Map()
    cached = 0
  }
  const keep = (bytes: number): void => {
    cached += bytes
    if (cached > cacheBytes) clear()
  }
  const answer = (
    request: Uint8Array,
    transport: 'udp' | 'tcp',
    rotation: number,
  ): { bytes: Uint8Array | undefined; records: number } => {
    let records = 1
    const bytes = answerDns(request, {
      transport,
      rotation,
      ednsBytes,
      resolve: question => {
        const resolution = source.resolve(question)
        records = Math.max(1, resolution.answers.length)
        return resolution
      },
    })
    return { bytes, records }
  }
  return {
    respond: (request, transport) => {
      const now = source.snapshot()
      if (now !== snapshot) {
        snapshot = now
        clear()
      }
      const turn = counter++
      if (request.length > KEY_BYTES_MAX || request.length < 12) return answer(request, transport, turn).bytes
      const key = keyOf(request, transport)
      let entry = cache.get(key)
      const slots = Math.min(VARIANTS_MAX, entry?.records ?? 1)
      const slot = turn % slots
      let variant = entry?.variants[slot]
      if (variant === undefined) {
        const rotation = entry === undefined ? 0 : Math.floor((slot * entry.records) / slots)
        const { bytes, records } = answer(request, transport, rotation)
        if (bytes === undefined) return undefined
        entry ??= { records, variants: [] }
        entry.variants[slot] = bytes
        cache.set(key, entry)
        keep(bytes.length + key.length)
        variant = bytes
      }
      const response = variant.slice()
      response[0] = request[0] as number
      response[1] = request[1] as number
      return response
    },
  }
}

/** Everything of a request but its id. */
function keyOf(request: Uint8Array, transport: 'udp' | 'tcp'): string {
  let key = transport === 'udp' ? 'u' : 't'
  for (let i = 2; i < request.length; i++) key += String.fromCharCode(request[i] as number)
  return key
}
