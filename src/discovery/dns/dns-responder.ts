import type { DnsAnswerOptions } from './dns-answer.js'
import { answerDns } from './dns-answer.js'
import { createDenials, soleSoa } from './dns-denial.js'
import { readName } from './dns-name.js'
import { dnsTypeName, questionTypeCodes } from './dns-record.js'
import type { PlainRequest } from './plain-request.js'
import { foldByte, readPlainRequest } from './plain-request.js'
import type { RegistryQuestion, Resolution } from './resolution.js'
import { copyOf } from './response-bytes.js'
import { readU16 } from './wire-integers.js'

/** What answers come from; a registry is one. */
export interface DnsSource {
  /** Grows with every change that may change an answer. */
  readonly changes: number
  resolve(question: RegistryQuestion): Resolution
  /** The same answer, and the parts of the source that it was made from. */
  trace(question: RegistryQuestion): Traced
  /** At which count of `changes` a part has changed last. */
  changedAt(part: number): number
}

/** An answer, which holds while its parts do not change. */
interface Traced {
  readonly resolution: Resolution
  readonly parts: readonly number[]
}

/** How requests are answered. */
export interface DnsResponderOptions {
  /** See `DnsAnswerOptions`. Default 1232. */
  readonly ednsBytes?: number
  /** Bytes of responses kept; over it those that were not asked for lately are dropped. Default 8 MiB. */
  readonly cacheBytes?: number
}

/** Turns request bytes into response bytes. */
export interface DnsResponder {
  respond(request: Uint8Array, transport: 'udp' | 'tcp'): Uint8Array | undefined
}

/** Different rotations of one answer that are kept. */
const VARIANTS_MAX = 16
/** What an entry weighs beside its responses, about. */
const ENTRY_BYTES = 200
const PLAIN_UDP_BYTES = 512
const QUESTION_AT = 12
const INTERNET_CLASS = 1

interface Entry {
  /** The question in lower case, with type and class. */
  readonly question: Uint8Array
  /** Which of the forms of a response: size, OPT and the bits that are echoed. */
  readonly form: number
  /** How many records can take turns at the front. */
  readonly records: number
  readonly variants: (Uint8Array | undefined)[]
  readonly parts: readonly number[]
  /** The last count of changes at which it is known to hold. */
  known: number
  /** Another question of the same hash. */
  next: Entry | undefined
}

/**
 * Answers from a source, at its present state. A counter turns each set of addresses further with every answer, so
 * that clients that take the first one spread out. Responses are kept by question, whatever its spelling, id and EDNS
 * options, and as long as what they were made from does not change.
 */
export function createDnsResponder(source: DnsSource, options: DnsResponderOptions = {}): DnsResponder {
  const { ednsBytes = 1232, cacheBytes = 8 * 2 ** 20 } = options
  const cache = createGenerations(cacheBytes)
  const denials = createDenials(ednsBytes)
  const plain: PlainRequest = { hash: 0, end: 0, recursionDesired: false, udpSize: -1, dnssecOk: false }
  let counter = 0
  /** The answer to a usual question, if it is a denial, which is made without looking what it was made from. */
  const deny = (request: Uint8Array): Uint8Array | undefined => {
    const question = usualQuestion(request, plain.end)
    if (question === undefined) return undefined
    const resolution = source.resolve(question)
    const soa = soleSoa(resolution)
    return soa && denials.response(request, plain, resolution, soa)
  }
  const formOf = (transport: 'udp' | 'tcp'): number => {
    const { udpSize, recursionDesired, dnssecOk } = plain
    const offered = udpSize < 0 ? PLAIN_UDP_BYTES : Math.max(PLAIN_UDP_BYTES, Math.min(udpSize, ednsBytes))
    const limit = transport === 'tcp' ? 0 : offered
    return limit * 8 + Number(recursionDesired) + 2 * Number(udpSize >= 0) + 4 * Number(dnssecOk)
  }
  return {
    respond: (request, transport) => {
      const turn = counter++
      if (!readPlainRequest(request, plain))
        return generalAnswer(source, request, { transport, rotation: turn, ednsBytes }).bytes
      const { hash, end } = plain
      const form = formOf(transport)
      const found = cache.find(hash, entry => entry.form === form && isSame(entry.question, request, end))
      let entry = found !== undefined && isCurrent(found, source) ? found : undefined
      const slots = Math.min(VARIANTS_MAX, entry?.records ?? 1)
      const slot = turn % slots
      let variant = entry?.variants[slot]
      if (variant === undefined) {
        const rotation = entry === undefined ? 0 : Math.floor((slot * entry.records) / slots)
        // Denials are made faster than they are kept, so that a flood of them pushes nothing out.
        const denial = entry === undefined ? deny(request) : undefined
        if (denial !== undefined) return denial
        const made = generalAnswer(source, request, { transport, rotation, ednsBytes })
        const { traced } = made
        if (made.bytes === undefined || traced === undefined) return made.bytes
        variant = made.bytes
        if (entry === undefined) {
          const records = Math.max(1, traced.resolution.answers.length)
          const question = folded(request, end)
          const { parts } = traced
          entry = { question, form, records, variants: [], parts, known: source.changes, next: undefined }
          cache.put(hash, entry, found)
        }
        entry.variants[slot] = variant
        cache.grow(variant.length)
        return copyOf(made.bytes)
      }
      const response = copyOf(variant)
      response[0] = request[0] as number
      response[1] = request[1] as number
      // The question comes back in the spelling that was asked; names in the answer point to it.
      for (let at = QUESTION_AT; at < end; at++) response[at] = request[at] as number
      return response
    },
  }
}

/** The answer as `answerDns` makes it, and what it was made from, if a question was read. */
function generalAnswer(
  source: DnsSource,
  request: Uint8Array,
  options: Omit<DnsAnswerOptions, 'resolve'>,
): { readonly bytes: Uint8Array | undefined; readonly traced: Traced | undefined } {
  let traced: Traced | undefined
  const resolve = (question: RegistryQuestion): Resolution => {
    traced ??= source.trace(question)
    return traced.resolution
  }
  return { bytes: answerDns(request, { ...options, resolve }), traced }
}

/** The question of a plain request, unless its class or type has rules of its own. */
function usualQuestion(request: Uint8Array, end: number): RegistryQuestion | undefined {
  const typeCode = readU16(request, end - 4)
  if (readU16(request, end - 2) !== INTERNET_CLASS || isSpecial(typeCode)) return undefined
  const read = readName(request, QUESTION_AT)
  return read && { name: read.name, type: dnsTypeName(typeCode) ?? typeCode }
}

function isSpecial(typeCode: number): boolean {
  const { OPT, IXFR, AXFR, ANY } = questionTypeCodes
  return typeCode === OPT || typeCode === IXFR || typeCode === AXFR || typeCode === ANY
}

function isCurrent(entry: Entry, source: DnsSource): boolean {
  const { changes } = source
  if (entry.known === changes) return true
  for (const part of entry.parts) if (source.changedAt(part) > entry.known) return false
  entry.known = changes
  return true
}

function folded(request: Uint8Array, end: number): Uint8Array {
  // A copy, which `slice` of a Buffer is not: the request keeps its spelling, and the cache does not keep the request.
  const question = new Uint8Array(request.subarray(QUESTION_AT, end))
  for (let at = 0; at < question.length - 4; at++) question[at] = foldByte(question[at] as number)
  return question
}

function isSame(question: Uint8Array, request: Uint8Array, end: number): boolean {
  const { length } = question
  if (length !== end - QUESTION_AT) return false
  const name = length - 4
  for (let at = 0; at < name; at++)
    if (question[at] !== foldByte(request[QUESTION_AT + at] as number)) return false
  for (let at = name; at < length; at++) if (question[at] !== request[QUESTION_AT + at]) return false
  return true
}

/** Entries in two generations: what is asked for stays, and a flood of other questions pushes out what is not. */
interface Generations {
  find(hash: number, matches: (entry: Entry) => boolean): Entry | undefined
  /** @param stale an entry of the same question, to be dropped */
  put(hash: number, entry: Entry, stale: Entry | undefined): void
  grow(bytes: number): void
}

function createGenerations(bytesMax: number): Generations {
  let young = new Map<number, Entry>()
  let old = new Map<number, Entry>()
  let bytes = 0
  const grow = (by: number): void => {
    bytes += by
    if (bytes <= bytesMax / 2) return
    old = young
    young = new Map()
    bytes = 0
  }
  const put = (hash: number, entry: Entry): void => {
    entry.next = young.get(hash)
    young.set(hash, entry)
    grow(ENTRY_BYTES + entry.question.length)
  }
  const search = (
    map: Map<number, Entry>,
    hash: number,
    matches: (entry: Entry) => boolean,
  ): Entry | undefined => {
    let entry = map.get(hash)
    while (entry !== undefined && !matches(entry)) entry = entry.next
    return entry
  }
  return {
    grow,
    find: (hash, matches) => {
      const recent = search(young, hash, matches)
      if (recent !== undefined) return recent
      const entry = search(old, hash, matches)
      if (entry === undefined) return undefined
      unlink(old, hash, entry)
      put(hash, entry)
      for (const variant of entry.variants) grow(variant?.length ?? 0)
      return entry
    },
    put: (hash, entry, stale) => {
      if (stale !== undefined) unlink(young, hash, stale)
      put(hash, entry)
    },
  }
}

function unlink(map: Map<number, Entry>, hash: number, entry: Entry): void {
  const first = map.get(hash)
  if (first === entry) {
    if (entry.next === undefined) map.delete(hash)
    else map.set(hash, entry.next)
    return
  }
  let before = first
  while (before !== undefined && before.next !== entry) before = before.next
  if (before !== undefined) before.next = entry.next
}
