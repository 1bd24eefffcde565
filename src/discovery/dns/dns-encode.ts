import type { DnsMessage } from './dns-message.js'
import { flagBits } from './dns-message.js'
import type { DnsRecord } from './dns-record.js'
import { questionTypeCodes } from './dns-record.js'
import { DnsWriter } from './dns-writer.js'

/** The OPT record without options: root name, type, size, high rcode, version, flags, no data. */
export const OPT_BYTES = 11

/** Largest message over TCP. */
export const MESSAGE_BYTES_MAX: number = 65_535

/**
 * Writes a message with name compression, within `maxBytes`. Room for OPT is kept from the start. Records are
 * left out whole: additional record sets first and silently; when an answer or authority record does not fit,
 * the rest is left out and TC is set (RFC 2181 9).
 *
 * @throws InvalidError when a name or value does not fit on the wire
 */
export function encodeDnsMessage(message: DnsMessage, maxBytes: number = MESSAGE_BYTES_MAX): Uint8Array {
  const writer = new DnsWriter()
  const limit = maxBytes - (message.edns === undefined ? 0 : OPT_BYTES)
  writer.u16(message.id)
  for (let i = 0; i < 5; i++) writer.u16(0)
  for (const question of message.questions) {
    writer.name(question.name)
    writer.u16(question.typeCode)
    writer.u16(question.classCode)
  }
  const answers = writeUpTo(writer, message.answers, limit)
  const complete = answers === message.answers.length
  const authority = complete ? writeUpTo(writer, message.authority, limit) : 0
  const required = complete && authority === message.authority.length
  const additional = required ? writeSets(writer, message.additional, limit) : 0
  if (message.edns !== undefined) writeOpt(writer, message)
  writer.patchU16(2, flagWord(message, message.truncated || !required))
  const counts = [
    message.questions.length,
    answers,
    authority,
    additional + (message.edns === undefined ? 0 : 1),
  ]
  for (const [i, count] of counts.entries()) writer.patchU16(4 + 2 * i, count)
  return writer.finish()
}

/** Writes records until one does not fit; returns how many did. */
function writeUpTo(writer: DnsWriter, records: readonly DnsRecord[], limit: number): number {
  for (const [i, record] of records.entries()) {
    const mark = writer.mark()
    writer.record(record)
    if (writer.length > limit) {
      writer.rewind(mark)
      return i
    }
  }
  return records.length
}

/** As `writeUpTo`, for neighbours of one owner and type together: a partial set would pass for the whole. */
function writeSets(writer: DnsWriter, records: readonly DnsRecord[], limit: number): number {
  let written = 0
  for (let from = 0; from < records.length; ) {
    const first = records[from] as DnsRecord
    let to = from + 1
    while (records[to]?.name === first.name && records[to]?.type === first.type) to++
    const mark = writer.mark()
    for (const record of records.slice(from, to)) writer.record(record)
    if (writer.length > limit) writer.rewind(mark)
    else written += to - from
    from = to
  }
  return written
}

function writeOpt(writer: DnsWriter, message: DnsMessage): void {
  const { edns } = message
  if (edns === undefined) return
  writer.u8(0)
  writer.u16(questionTypeCodes.OPT)
  writer.u16(edns.udpSize)
  writer.u8(message.rcode >>> 4)
  writer.u8(edns.version)
  writer.u16(edns.dnssecOk ? 0x8000 : 0)
  writer.u16(0)
}

function flagWord(message: DnsMessage, truncated: boolean): number {
  return (
    (message.response ? flagBits.response : 0) |
    ((message.opcode & 15) << 11) |
    (message.authoritative ? flagBits.authoritative : 0) |
    (truncated ? flagBits.truncated : 0) |
    (message.recursionDesired ? flagBits.recursionDesired : 0) |
    (message.recursionAvailable ? flagBits.recursionAvailable : 0) |
    (message.rcode & 15)
  )
}
