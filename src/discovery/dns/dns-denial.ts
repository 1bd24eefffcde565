import { OPT_BYTES } from './dns-encode.js'
import { flagBits } from './dns-message.js'
import { lowerCase, nameLabels } from './dns-name.js'
import type { SoaRecord } from './dns-record.js'
import { dnsTypeCode, questionTypeCodes, rcodes } from './dns-record.js'
import type { PlainRequest } from './plain-request.js'
import { foldByte } from './plain-request.js'
import type { Resolution } from './resolution.js'
import { takeBytes } from './response-bytes.js'
import { writeU16, writeU32 } from './wire-integers.js'

const HEADER_BYTES = 12
const SOA_CODE = dnsTypeCode('SOA')
/** Pointer to the owner, type, class, TTL, length of the data. */
const RECORD_HEAD_BYTES = 12
const SOA_NUMBERS_BYTES = 20
const POINTER_BYTES = 2
/** The largest response that every client takes. */
const SMALL_BYTES = 512

/** The SOA record of a denial, when that is all there is to it. */
export function soleSoa({ answers, authority, additional }: Resolution): SoaRecord | undefined {
  if (answers.length > 0 || additional.length > 0 || authority.length !== 1) return undefined
  const record = authority[0]
  return record?.type === 'SOA' ? record : undefined
}

/** Makes responses that have nothing but an SOA record, whose wire form it keeps. */
export interface Denials {
  /**
   * The response to a plain request: the same message as `answerDns` makes, at a tenth of the cost, since random names
   * that do not exist are what a server is flooded with. Undefined when the zone of the record does not end the name, or
   * its names do not end with the zone, or the response could be too long: then the general way is taken.
   */
  response(
    request: Uint8Array,
    plain: PlainRequest,
    resolution: Pick<Resolution, 'rcode' | 'authoritative'>,
    soa: SoaRecord,
  ): Uint8Array | undefined
}

/** A server has few zones; with more their records are rendered again. */
const ZONES_MAX = 64

export function createDenials(ednsBytes: number): Denials {
  const known = new Map<string, RenderedSoa>()
  /** Made once for a zone and revision, which all of its denials share. */
  const renderedOf = (soa: SoaRecord): RenderedSoa | undefined => {
    const found = known.get(soa.name)
    if (found !== undefined && isSameSoa(found.soa, soa)) return found
    const rendered = render(soa)
    if (rendered === undefined) return undefined
    if (known.size >= ZONES_MAX) known.clear()
    known.set(soa.name, rendered)
    return rendered
  }
  return {
    response: (request, plain, resolution, soa) => {
      const rendered = renderedOf(soa)
      return rendered && denial(request, plain, resolution, { rendered, ednsBytes })
    },
  }
}

function denial(
  request: Uint8Array,
  plain: PlainRequest,
  { rcode, authoritative }: Pick<Resolution, 'rcode' | 'authoritative'>,
  { rendered, ednsBytes }: { readonly rendered: RenderedSoa; readonly ednsBytes: number },
): Uint8Array | undefined {
  const { zone, record, pointersAt } = rendered
  const { end } = plain
  const zoneAt = end - 4 - zone.length
  if (!endsWithZone(request, zone, zoneAt)) return undefined
  const optBytes = plain.udpSize < 0 ? 0 : OPT_BYTES
  const length = end + record.length + optBytes
  if (length > SMALL_BYTES) return undefined
  const response = takeBytes(length)
  // Loops, since a view for so few bytes costs more than they do.
  for (let i = 0; i < end; i++) response[i] = request[i] as number
  const recursion = plain.recursionDesired ? flagBits.recursionDesired : 0
  const authority = authoritative ? flagBits.authoritative : 0
  writeU16(response, 2, flagBits.response | authority | recursion | rcodes[rcode])
  writeU16(response, 6, 0)
  writeU16(response, 8, 1)
  writeU16(response, 10, optBytes === 0 ? 0 : 1)
  for (let i = 0; i < record.length; i++) response[end + i] = record[i] as number
  for (const at of pointersAt) writeU16(response, end + at, 0xc000 | zoneAt)
  if (optBytes > 0) {
    const opt = end + record.length
    writeU16(response, opt + 1, questionTypeCodes.OPT)
    writeU16(response, opt + 3, ednsBytes)
    if (plain.dnssecOk) response[opt + 7] = 0x80
  }
  return response
}

/** Whether the labels of the question end with those of the zone, from a label's beginning on. */
function endsWithZone(request: Uint8Array, zone: Uint8Array, zoneAt: number): boolean {
  let at = HEADER_BYTES
  while (at < zoneAt) at += (request[at] as number) + 1
  if (at !== zoneAt) return false
  for (let i = 0; i < zone.length; i++) if (foldByte(request[at + i] as number) !== zone[i]) return false
  return true
}

/** An SOA record on the wire, whose names end with a pointer to the zone in the question. */
interface RenderedSoa {
  readonly soa: SoaRecord
  /** In lower case. */
  readonly zone: Uint8Array
  readonly record: Uint8Array
  readonly pointersAt: readonly number[]
}

function render(soa: SoaRecord): RenderedSoa | undefined {
  const zone = nameLabels(soa.name)?.map(lowerCase)
  const primary = labelsBefore(soa.primary, zone)
  const mailbox = labelsBefore(soa.mailbox, zone)
  if (zone === undefined || primary === undefined || mailbox === undefined) return undefined
  const primaryAt = RECORD_HEAD_BYTES + primary.length
  const mailboxAt = primaryAt + POINTER_BYTES + mailbox.length
  const record = new Uint8Array(mailboxAt + POINTER_BYTES + SOA_NUMBERS_BYTES)
  writeU16(record, 2, SOA_CODE)
  writeU16(record, 4, 1)
  writeU32(record, 6, soa.ttl)
  writeU16(record, 10, record.length - RECORD_HEAD_BYTES)
  record.set(primary, RECORD_HEAD_BYTES)
  record.set(mailbox, primaryAt + POINTER_BYTES)
  for (const [i, value] of [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum].entries())
    writeU32(record, mailboxAt + POINTER_BYTES + 4 * i, value)
  return {
    soa,
    zone: Uint8Array.from([...labelBytes(zone), 0]),
    record,
    pointersAt: [0, primaryAt, mailboxAt],
  }
}

function isSameSoa(a: SoaRecord, b: SoaRecord): boolean {
  return (
    a === b ||
    (a.serial === b.serial &&
      a.ttl === b.ttl &&
      a.minimum === b.minimum &&
      a.primary === b.primary &&
      a.mailbox === b.mailbox &&
      a.refresh === b.refresh &&
      a.retry === b.retry &&
      a.expire === b.expire)
  )
}

/** The labels of the name before the zone, on the wire. */
function labelsBefore(name: string, zone: readonly string[] | undefined): readonly number[] | undefined {
  const labels = nameLabels(name)
  if (labels === undefined || zone === undefined || labels.length < zone.length) return undefined
  const head = labels.length - zone.length
  return zone.every((label, i) => lowerCase(labels[head + i] as string) === label)
    ? labelBytes(labels.slice(0, head))
    : undefined
}

function labelBytes(labels: readonly string[]): readonly number[] {
  return labels.flatMap(label => [label.length, ...Array.from(label, character => character.charCodeAt(0))])
}
