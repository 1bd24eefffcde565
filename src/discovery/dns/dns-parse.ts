import { ipFromBytes } from '../../core/internal.js'
import type { DnsHeader, DnsMessage, DnsParse, DnsQuestion, Edns } from './dns-message.js'
import { flagBits, opcodeOf } from './dns-message.js'
import { readName } from './dns-name.js'
import type { DnsRecord } from './dns-record.js'
import { dnsTypeName, questionTypeCodes } from './dns-record.js'
import { standaloneData } from './rdata-names.js'
import { readU16, readU32 } from './wire-integers.js'

const HEADER_BYTES = 12

/** Reads the fixed header, or undefined when there are fewer than 12 bytes. */
export function parseDnsHeader(bytes: Uint8Array): DnsHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  return {
    id: readU16(bytes, 0),
    flags: readU16(bytes, 2),
    questionCount: readU16(bytes, 4),
    answerCount: readU16(bytes, 6),
    authorityCount: readU16(bytes, 8),
    additionalCount: readU16(bytes, 10),
  }
}

/**
 * Reads a whole message. Never throws, whatever the bytes are, and does work proportional to their number.
 * Bytes behind the last record are ignored. Record types without a form of their own come as opaque bytes.
 */
export function parseDnsMessage(bytes: Uint8Array): DnsParse {
  const header = parseDnsHeader(bytes)
  if (header === undefined) return { kind: 'noise' }
  const message = readBody(bytes, header)
  return message === undefined ? { kind: 'malformed', header } : { kind: 'message', message }
}

function readBody(bytes: Uint8Array, header: DnsHeader): DnsMessage | undefined {
  let at = HEADER_BYTES
  const questions: DnsQuestion[] = []
  for (let i = 0; i < header.questionCount; i++) {
    const read = readName(bytes, at)
    if (read === undefined || read.end + 4 > bytes.length) return undefined
    questions.push({
      name: read.name,
      typeCode: readU16(bytes, read.end),
      classCode: readU16(bytes, read.end + 2),
    })
    at = read.end + 4
  }
  const answers = readSection(bytes, at, header.answerCount)
  const authority = answers && readSection(bytes, answers.end, header.authorityCount)
  const additional = authority && readSection(bytes, authority.end, header.additionalCount)
  if (answers === undefined || authority === undefined || additional === undefined) return undefined
  if (answers.opt.length + authority.opt.length > 0 || additional.opt.length > 1) return undefined
  const opt = additional.opt[0]
  return {
    id: header.id,
    response: (header.flags & flagBits.response) !== 0,
    opcode: opcodeOf(header.flags),
    authoritative: (header.flags & flagBits.authoritative) !== 0,
    truncated: (header.flags & flagBits.truncated) !== 0,
    recursionDesired: (header.flags & flagBits.recursionDesired) !== 0,
    recursionAvailable: (header.flags & flagBits.recursionAvailable) !== 0,
    rcode: (header.flags & 15) | ((opt?.highRcode ?? 0) << 4),
    questions,
    answers: answers.records,
    authority: authority.records,
    additional: additional.records,
    ...(opt === undefined ? {} : { edns: opt.edns }),
  }
}

interface OptRead {
  readonly edns: Edns
  readonly highRcode: number
}

interface Section {
  readonly records: readonly DnsRecord[]
  readonly opt: readonly OptRead[]
  readonly end: number
}

function readSection(bytes: Uint8Array, start: number, count: number): Section | undefined {
  const records: DnsRecord[] = []
  const opt: OptRead[] = []
  let at = start
  for (let i = 0; i < count; i++) {
    const owner = readName(bytes, at)
    if (owner === undefined || owner.end + 10 > bytes.length) return undefined
    const fixed = owner.end
    const from = fixed + 10
    const to = from + readU16(bytes, fixed + 8)
    if (to > bytes.length) return undefined
    const typeCode = readU16(bytes, fixed)
    const classCode = readU16(bytes, fixed + 2)
    if (typeCode === questionTypeCodes.OPT) {
      if (owner.name !== '.') return undefined
      const edns = {
        udpSize: classCode,
        version: bytes[fixed + 5] as number,
        dnssecOk: (bytes[fixed + 6] as number) >= 128,
      }
      opt.push({ edns, highRcode: bytes[fixed + 4] as number })
    } else {
      const head = { name: owner.name, ttl: readU32(bytes, fixed + 4), typeCode, classCode }
      const record = readRecord(bytes, head, { from, to })
      if (record === undefined) return undefined
      records.push(record)
    }
    at = to
  }
  return { records, opt, end: at }
}

interface RecordHead {
  readonly name: string
  readonly ttl: number
  readonly typeCode: number
  readonly classCode: number
}

interface Span {
  readonly from: number
  readonly to: number
}

function readRecord(bytes: Uint8Array, head: RecordHead, { from, to }: Span): DnsRecord | undefined {
  const { name, ttl, typeCode, classCode } = head
  const type = classCode === 1 ? dnsTypeName(typeCode) : undefined
  switch (type) {
    case undefined: {
      const data = standaloneData(bytes, typeCode, { from, to })
      return data && { type: 'OPAQUE', name, ttl, typeCode, classCode, bytes: data }
    }
    case 'A':
    case 'AAAA':
      if (to - from !== (type === 'A' ? 4 : 16)) return undefined
      return { type, name, ttl, address: ipFromBytes(bytes.subarray(from, to)) }
    case 'CNAME':
    case 'NS':
    case 'PTR': {
      const target = readName(bytes, from)
      return target?.end === to ? { type, name, ttl, target: target.name } : undefined
    }
    case 'SRV': {
      const target = to - from > 6 ? readName(bytes, from + 6) : undefined
      if (target?.end !== to) return undefined
      const [priority, weight, port] = [
        readU16(bytes, from),
        readU16(bytes, from + 2),
        readU16(bytes, from + 4),
      ]
      return { type, name, ttl, priority, weight, port, target: target.name }
    }
    case 'TXT': {
      const strings = readStrings(bytes, { from, to })
      return strings === undefined ? undefined : { type, name, ttl, strings }
    }
    case 'SOA':
      return readSoa(bytes, head, { from, to })
  }
}

function readStrings(bytes: Uint8Array, { from, to }: Span): readonly string[] | undefined {
  const strings: string[] = []
  for (let at = from; at < to; ) {
    const end = at + 1 + (bytes[at] as number)
    if (end > to) return undefined
    strings.push(Array.from(bytes.subarray(at + 1, end), byte => String.fromCharCode(byte)).join(''))
    at = end
  }
  return strings.length === 0 ? undefined : strings
}

function readSoa(bytes: Uint8Array, { name, ttl }: RecordHead, { from, to }: Span): DnsRecord | undefined {
  const primary = readName(bytes, from)
  const mailbox = primary && readName(bytes, primary.end)
  if (primary === undefined || mailbox === undefined || mailbox.end + 20 !== to) return undefined
  const word = (index: number): number => readU32(bytes, mailbox.end + 4 * index)
  return {
    type: 'SOA',
    name,
    ttl,
    primary: primary.name,
    mailbox: mailbox.name,
    serial: word(0),
    refresh: word(1),
    retry: word(2),
    expire: word(3),
    minimum: word(4),
  }
}
