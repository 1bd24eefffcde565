import { encodeDnsMessage, MESSAGE_BYTES_MAX, OPT_BYTES } from './dns-encode.js'
import type { DnsHeader, DnsMessage, DnsParse, DnsQuestion, Edns } from './dns-message.js'
import { flagBits, opcodeOf } from './dns-message.js'
import { parseDnsHeader, parseDnsMessage } from './dns-parse.js'
import type { DnsRecord } from './dns-record.js'
import { dnsTypeName, questionTypeCodes, rcodes } from './dns-record.js'
import type { RegistryQuestion, Resolution } from './resolution.js'

/** How one request is answered. */
export interface DnsAnswerOptions {
  readonly resolve: (question: RegistryQuestion) => Resolution
  readonly transport: 'udp' | 'tcp'
  /** Shifts each set of addresses or SRV records by this many places. Default 0. */
  readonly rotation?: number
  /** Largest UDP response, and what OPT advertises. 512 to 65535, default 1232 (fits any path unfragmented). */
  readonly ednsBytes?: number
}

const PLAIN_UDP_BYTES = 512
/** What OPT offers by default: fits any path unfragmented. */
const EDNS_BYTES = 1232
const INTERNET_CLASS = 1

/**
 * The response to the bytes of one request: a pure function that never throws. Undefined means silence, for
 * bytes without a header and for responses.
 *
 * Rules: FORMERR for what cannot be read or has not exactly one question, NOTIMP for other opcodes, BADVERS for
 * an EDNS version above 0, REFUSED for other classes, zone transfers and unserved names; the question is echoed
 * byte for byte in the case asked. Over UDP the response fits 512 bytes or what EDNS offers, with TC set only
 * when an answer is left out. Sources: RFC 1035, 2181, 2308, 6891, 8020, 8482.
 */
export function answerDns(request: Uint8Array, options: DnsAnswerOptions): Uint8Array | undefined {
  const header = parseDnsHeader(request)
  if (header === undefined || (header.flags & flagBits.response) !== 0) return undefined
  const parsed = parseDnsMessage(request)
  const refuse = (rcode: number): Uint8Array => bare(header, rcode, { request, parsed, options })
  if (opcodeOf(header.flags) !== 0) return refuse(rcodes.NOTIMP)
  const question = parsed.kind === 'message' ? parsed.message.questions[0] : undefined
  if (header.questionCount !== 1 || parsed.kind !== 'message' || question === undefined)
    return refuse(rcodes.FORMERR)
  try {
    return respond(parsed.message, question, options)
  } catch {
    return refuse(rcodes.SERVFAIL)
  }
}

interface Refused {
  readonly request: Uint8Array
  readonly parsed: DnsParse
  readonly options: DnsAnswerOptions
}

/** A response of a header, and OPT if the request had one: for requests whose question is not known or not answered. */
function bare(header: DnsHeader, rcode: number, { request, parsed, options }: Refused): Uint8Array {
  const edns = parsed.kind === 'message' ? parsed.message.edns : trailingEdns(request)
  return encodeDnsMessage({
    id: header.id,
    response: true,
    opcode: opcodeOf(header.flags),
    authoritative: false,
    truncated: false,
    recursionDesired: (header.flags & flagBits.recursionDesired) !== 0,
    recursionAvailable: false,
    rcode,
    questions: [],
    answers: [],
    authority: [],
    additional: [],
    ...(edns === undefined ? {} : { edns: offeredBack(edns, options.ednsBytes) }),
  })
}

/** OPT at the end of a message that cannot be read: root name, type 41, and data up to the last byte. */
function trailingEdns(bytes: Uint8Array): Edns | undefined {
  for (let at = bytes.length - OPT_BYTES; at >= 12; at--) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== questionTypeCodes.OPT) continue
    const length = ((bytes[at + 9] as number) << 8) | (bytes[at + 10] as number)
    if (at + OPT_BYTES + length !== bytes.length) continue
    const dnssecOk = ((bytes[at + 7] as number) & 0x80) !== 0
    return { udpSize: 0, version: bytes[at + 6] as number, dnssecOk }
  }
  return undefined
}

function offeredBack({ dnssecOk }: Edns, ednsBytes = EDNS_BYTES): Edns {
  return { udpSize: ednsBytes, version: 0, dnssecOk }
}

function respond(request: DnsMessage, question: DnsQuestion, options: DnsAnswerOptions): Uint8Array {
  const { transport, rotation = 0, ednsBytes = EDNS_BYTES } = options
  const offered = request.edns
  const edns = offered && offeredBack(offered, ednsBytes)
  const udpLimit =
    offered === undefined ? PLAIN_UDP_BYTES : Math.max(PLAIN_UDP_BYTES, Math.min(offered.udpSize, ednsBytes))
  const blank: DnsMessage = {
    id: request.id,
    response: true,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: request.recursionDesired,
    recursionAvailable: false,
    questions: [question],
    rcode: rcodes.NOERROR,
    answers: [],
    authority: [],
    additional: [],
    ...(edns === undefined ? {} : { edns }),
  }
  const send = (fields: Partial<DnsMessage>): Uint8Array =>
    encodeDnsMessage({ ...blank, ...fields }, transport === 'tcp' ? MESSAGE_BYTES_MAX : udpLimit)
  if (offered !== undefined && offered.version !== 0) return send({ rcode: rcodes.BADVERS })
  if (question.typeCode === questionTypeCodes.OPT) return send({ rcode: rcodes.FORMERR })
  if (question.classCode !== INTERNET_CLASS || isTransfer(question.typeCode))
    return send({ rcode: rcodes.REFUSED })
  const type = dnsTypeName(question.typeCode) ?? question.typeCode
  const { rcode, authoritative, answers, authority, additional } = options.resolve({
    name: question.name,
    type,
  })
  return send({
    rcode: rcodes[rcode],
    authoritative,
    answers: rotate(answers, rotation),
    authority,
    additional,
  })
}

function isTransfer(typeCode: number): boolean {
  return typeCode === questionTypeCodes.AXFR || typeCode === questionTypeCodes.IXFR
}

/** Shifts the last record set; aliases in front of it must stay in order. */
function rotate(records: readonly DnsRecord[], by: number): readonly DnsRecord[] {
  const last = records.at(-1)
  if (by === 0 || last === undefined || records.length < 2) return records
  const start = records.findIndex(record => record.type === last.type && record.name === last.name)
  const set = records.slice(start)
  const shift = by % set.length
  return shift === 0 ? records : [...records.slice(0, start), ...set.slice(shift), ...set.slice(0, shift)]
}
