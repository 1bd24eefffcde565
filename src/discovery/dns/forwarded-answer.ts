import { encodeDnsMessage, MESSAGE_BYTES_MAX, OPT_BYTES } from './dns-encode.js'
import type { DnsMessage } from './dns-message.js'
import { dnsQuery, flagBits, opcodeOf } from './dns-message.js'
import { readName } from './dns-name.js'
import { parseDnsHeader, parseDnsMessage } from './dns-parse.js'
import type { DnsRecord } from './dns-record.js'
import { questionTypeCodes, rcodes } from './dns-record.js'
import type { ForeignQuestion } from './foreign-question.js'
import type { PlainRequest } from './plain-request.js'
import { foldByte } from './plain-request.js'
import { readU16, readU32, writeU16 } from './wire-integers.js'

/** What another server answered, ready to be sent on at any later time. */
export interface ForwardedAnswer {
  /** The message without OPT. */
  readonly bytes: Uint8Array
  /** Where its question ends. */
  readonly questionEnd: number
  /** Where the TTLs are. */
  readonly ttlsAt: readonly number[]
  /** How long it may be kept; 0: not at all. */
  readonly ttlSeconds: number
}

/** What bytes from another server turned out to be. */
export type ForwardedRead =
  | { readonly kind: 'answer'; readonly answer: ForwardedAnswer }
  /** It did not fit a datagram: ask over TCP. */
  | { readonly kind: 'truncated' }
  /** The server cannot answer: another one is to be asked. */
  | { readonly kind: 'failed'; readonly rcode: number }
  /** No response to what was asked; it may be forged, so the wait goes on. */
  | { readonly kind: 'other' }

const HEADER_BYTES = 12
const CHECKING_DISABLED = 0x10
const SOA_CODE = 6
const OTHER: ForwardedRead = { kind: 'other' }
/** Longest that an answer and a denial are kept, as CoreDNS has it. */
const TTL_MAX_SECONDS = 3600
const DENIAL_TTL_MAX_SECONDS = 1800

/** The query to another server; the rest of what the client wants (DNSSEC records, no checking) is asked on its behalf. */
export function forwardedQuery(
  id: number,
  { name, typeCode }: Pick<ForeignQuestion, 'name' | 'typeCode'>,
  wants: { readonly dnssecOk: boolean; readonly checkingDisabled: boolean; readonly ednsBytes: number },
): Uint8Array {
  const query = encodeDnsMessage({
    ...dnsQuery(id, { name, typeCode }),
    edns: { udpSize: wants.ednsBytes, version: 0, dnssecOk: wants.dnssecOk },
  })
  if (wants.checkingDisabled) query[3] = (query[3] as number) | CHECKING_DISABLED
  return query
}

/** Whether a request asks that signatures are not checked. */
export function isCheckingDisabled(request: Uint8Array): boolean {
  return ((request[3] as number) & CHECKING_DISABLED) !== 0
}

/**
 * Reads the response to a query of ours. Never throws. It must have the query's id and question, in any spelling; only an
 * error may come without the question.
 * Names and unknown records are not looked into, so that it can be sent on byte for byte (RFC 3597); OPT belongs to
 * one hop (RFC 6891 6.1.1) and is cut off, with the additional records behind it, if there are any.
 *
 * How long it is kept: the least TTL, at most an hour; denials also no longer than their SOA says (RFC 2308 5), at most
 * half an hour, and without SOA not at all. Aliases that lead to nothing of the type asked for are a denial, too.
 */
export function readForwardedAnswer(bytes: Uint8Array, query: Uint8Array): ForwardedRead {
  const header = parseDnsHeader(bytes)
  if (header === undefined || (header.flags & flagBits.response) === 0 || opcodeOf(header.flags) !== 0)
    return OTHER
  const rcode = header.flags & 15
  if (header.questionCount === 0 && isFailure(rcode) && hasId(bytes, query)) return { kind: 'failed', rcode }
  if (header.questionCount !== 1) return OTHER
  const question = readName(query, HEADER_BYTES)
  const questionEnd = (question?.end ?? 0) + 4
  if (bytes.length < questionEnd || !hasId(bytes, query)) return OTHER
  for (let at = HEADER_BYTES; at < questionEnd - 4; at++)
    if (foldByte(bytes[at] as number) !== foldByte(query[at] as number)) return OTHER
  for (let at = questionEnd - 4; at < questionEnd; at++) if (bytes[at] !== query[at]) return OTHER
  if ((header.flags & flagBits.truncated) !== 0) return { kind: 'truncated' }
  if (isFailure(rcode)) return { kind: 'failed', rcode }
  const counts = [header.answerCount, header.authorityCount, header.additionalCount]
  const records = readRecords(bytes, questionEnd, counts)
  if (records === undefined) return { kind: 'failed', rcode: rcodes.FORMERR }
  if (records.highRcode > 0) return { kind: 'failed', rcode: records.highRcode * 16 + rcode }
  const own = new Uint8Array(bytes.subarray(0, records.end))
  writeU16(own, 10, records.additional)
  const isDenial = rcode === rcodes.NXDOMAIN || !records.hasAsked
  const denialTtl = Math.min(records.denialTtl, DENIAL_TTL_MAX_SECONDS)
  const ttlSeconds = Math.min(records.leastTtl, isDenial ? denialTtl : TTL_MAX_SECONDS)
  return { kind: 'answer', answer: { bytes: own, questionEnd, ttlsAt: records.ttlsAt, ttlSeconds } }
}

function isFailure(rcode: number): boolean {
  return rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN
}

function hasId(bytes: Uint8Array, query: Uint8Array): boolean {
  return bytes[0] === query[0] && bytes[1] === query[1]
}

interface Records {
  /** Where those before OPT end. */
  end: number
  /** How many additional ones are before OPT. */
  additional: number
  readonly ttlsAt: number[]
  leastTtl: number
  /** What the SOA in the authority section says of denials; 0 without one. */
  denialTtl: number
  /** Whether an answer is of the type asked for. */
  hasAsked: boolean
  /** The high bits of the response code, which OPT has. */
  highRcode: number
}

/** Shortest data of an SOA record: two root names and five numbers. */
const SOA_BYTES_MIN = 22

function readRecords(bytes: Uint8Array, start: number, counts: readonly number[]): Records | undefined {
  const asked = readU16(bytes, start - 4)
  const read: Records = {
    end: start,
    additional: 0,
    ttlsAt: [],
    leastTtl: TTL_MAX_SECONDS,
    denialTtl: 0,
    hasAsked: false,
    highRcode: 0,
  }
  for (const [section, count] of counts.entries())
    for (let i = 0; i < count; i++) {
      const owner = readName(bytes, read.end)
      if (owner === undefined || owner.end + 10 > bytes.length) return undefined
      const typeCode = readU16(bytes, owner.end)
      const ttlAt = owner.end + 4
      const from = owner.end + 10
      const to = from + readU16(bytes, owner.end + 8)
      if (to > bytes.length) return undefined
      if (typeCode === questionTypeCodes.OPT) {
        read.highRcode = bytes[ttlAt] as number
        return section === 2 ? read : undefined
      }
      const ttl = readTtl(bytes, ttlAt)
      read.ttlsAt.push(ttlAt)
      read.leastTtl = Math.min(read.leastTtl, ttl)
      if (section === 0) read.hasAsked ||= typeCode === asked
      if (section === 1 && typeCode === SOA_CODE) {
        if (to - from < SOA_BYTES_MIN) return undefined
        read.denialTtl = Math.min(ttl, readTtl(bytes, to - 4))
      }
      if (section === 2) read.additional++
      read.end = to
    }
  return read
}

/** Seconds; with the highest bit they count as 0 (RFC 2181 8). */
function readTtl(bytes: Uint8Array, at: number): number {
  const seconds = readU32(bytes, at)
  return seconds >= 2 ** 31 ? 0 : seconds
}

/** How a forwarded answer is sent to one client. */
export interface ForwardedResponseOptions {
  readonly request: Uint8Array
  readonly plain: PlainRequest
  readonly transport: 'udp' | 'tcp'
  readonly ednsBytes: number
  /** Seconds since the answer came: its TTLs are lower by that. */
  readonly ageSeconds: number
  /** Aliases of ours that led to what was asked elsewhere. */
  readonly aliases: readonly DnsRecord[]
}

/**
 * The response to a client: not authoritative, not checked by us, and within what its transport holds. Behind aliases of
 * ours the records are written again; when they cannot be read for that, the response is SERVFAIL.
 */
export function forwardedResponse(answer: ForwardedAnswer, options: ForwardedResponseOptions): Uint8Array {
  const { request, plain, aliases } = options
  const limit = limitOf(options)
  if (aliases.length > 0) return joinedResponse(answer, options, limit)
  const optBytes = plain.udpSize < 0 ? 0 : OPT_BYTES
  const isWhole = answer.bytes.length + optBytes <= limit
  const body = isWhole ? answer.bytes.length : answer.questionEnd
  const response = new Uint8Array(body + optBytes)
  response.set(answer.bytes.subarray(0, body))
  if (isWhole) lowerTtls(response, answer.ttlsAt, options.ageSeconds)
  else response.fill(0, 6, HEADER_BYTES)
  response.set(request.subarray(HEADER_BYTES, plain.end), HEADER_BYTES)
  response[0] = request[0] as number
  response[1] = request[1] as number
  const rcode = (answer.bytes[3] as number) & 15
  const checkingDisabled = isCheckingDisabled(request) ? CHECKING_DISABLED : 0
  const truncated = isWhole ? 0 : flagBits.truncated
  const { response: isResponse, recursionDesired, recursionAvailable } = flagBits
  writeU16(
    response,
    2,
    isResponse | recursionDesired | recursionAvailable | truncated | checkingDisabled | rcode,
  )
  if (optBytes > 0) appendOpt(response, body, options)
  return response
}

/** A response without records, for what could not be answered elsewhere: SERVFAIL. */
export function failedResponse(
  options: Omit<ForwardedResponseOptions, 'ageSeconds' | 'aliases'>,
): Uint8Array {
  const { request, plain } = options
  return encodeDnsMessage({
    ...headOf(request, plain, options.ednsBytes),
    rcode: rcodes.SERVFAIL,
    answers: [],
    authority: [],
  })
}

function joinedResponse(
  answer: ForwardedAnswer,
  options: ForwardedResponseOptions,
  limit: number,
): Uint8Array {
  const { request, plain, aliases, ednsBytes, ageSeconds } = options
  const bytes = new Uint8Array(answer.bytes)
  lowerTtls(bytes, answer.ttlsAt, ageSeconds)
  const parsed = parseDnsMessage(bytes)
  if (parsed.kind !== 'message') return failedResponse(options)
  const { rcode, answers, authority } = parsed.message
  return encodeDnsMessage(
    {
      ...headOf(request, plain, ednsBytes),
      rcode,
      answers: [...aliases, ...answers],
      authority: authority.filter(({ type }) => type === 'SOA'),
    },
    limit,
  )
}

function headOf(
  request: Uint8Array,
  plain: PlainRequest,
  ednsBytes: number,
): Omit<DnsMessage, 'rcode' | 'answers' | 'authority'> {
  const asked = readName(request, HEADER_BYTES)
  const questions =
    asked === undefined
      ? []
      : [
          {
            name: asked.name,
            typeCode: readU16(request, asked.end),
            classCode: readU16(request, asked.end + 2),
          },
        ]
  return {
    id: readU16(request, 0),
    response: true,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: true,
    questions,
    additional: [],
    ...(plain.udpSize < 0 ? {} : { edns: { udpSize: ednsBytes, version: 0, dnssecOk: plain.dnssecOk } }),
  }
}

function limitOf({ plain, transport, ednsBytes }: ForwardedResponseOptions): number {
  if (transport === 'tcp') return MESSAGE_BYTES_MAX
  return plain.udpSize < 0 ? 512 : Math.max(512, Math.min(plain.udpSize, ednsBytes))
}

function lowerTtls(bytes: Uint8Array, ttlsAt: readonly number[], bySeconds: number): void {
  if (bySeconds === 0) return
  for (const at of ttlsAt) {
    const ttl = Math.max(0, readU32(bytes, at) - bySeconds)
    writeU16(bytes, at, ttl >>> 16)
    writeU16(bytes, at + 2, ttl & 0xffff)
  }
}

function appendOpt(response: Uint8Array, at: number, { plain, ednsBytes }: ForwardedResponseOptions): void {
  writeU16(response, 10, readU16(response, 10) + 1)
  response[at] = 0
  writeU16(response, at + 1, questionTypeCodes.OPT)
  writeU16(response, at + 3, ednsBytes)
  if (plain.dnssecOk) response[at + 7] = 0x80
}
