import { OPT_BYTES } from './dns-encode.js'
import { flagBits } from './dns-message.js'
import { lowerCase, nameLabels } from './dns-name.js'
import type { Rcode, SoaRecord } from './dns-record.js'
import { dnsTypeCode, questionTypeCodes, rcodes } from './dns-record.js'
import type { PlainRequest } from './plain-request.js'
import { foldByte } from './plain-request.js'
import type { Resolution } from './resolution.js'
import { writeU16, writeU32 } from './wire-integers.js'

const HEADER_BYTES = 12
const SOA_CODE = dnsTypeCode('SOA')
/** Pointer to the owner, type, class, TTL, length of the data. */
const RECORD_HEAD_BYTES = 12
const SOA_NUMBERS_BYTES = 20
/** The largest response that every client takes. */
const SMALL_BYTES = 512

/** What a denial says. */
export interface Denial {
  readonly rcode: Rcode
  readonly authoritative: boolean
  readonly soa: SoaRecord
  readonly ednsBytes: number
}

/** The SOA record of a denial, when that is all there is to it. */
export function soleSoa({ answers, authority, additional }: Resolution): SoaRecord | undefined {
  if (answers.length > 0 || additional.length > 0 || authority.length !== 1) return undefined
  const record = authority[0]
  return record?.type === 'SOA' ? record : undefined
}

/**
 * The response to a plain request that has nothing but an SOA record: the same message as `answerDns` makes, at a tenth
 * of the cost, since random names that do not exist are what a server is flooded with. Undefined when the zone of the
 * record does not end the name, or its names do not end with the zone, or the response could be too long: then the
 * general way is taken.
 */
export function denialResponse(
  request: Uint8Array,
  plain: PlainRequest,
  { rcode, authoritative, soa, ednsBytes }: Denial,
): Uint8Array | undefined {
  const names = soaNames(soa)
  if (names === undefined) return undefined
  const { zone, primary, mailbox } = names
  const zoneAt = plain.end - 4 - zone.length
  if (!endsWithZone(request, zone, zoneAt)) return undefined
  const optBytes = plain.udpSize < 0 ? 0 : OPT_BYTES
  const dataBytes = primary.length + 2 + mailbox.length + 2 + SOA_NUMBERS_BYTES
  const length = plain.end + RECORD_HEAD_BYTES + dataBytes + optBytes
  if (length > SMALL_BYTES) return undefined
  const response = new Uint8Array(length)
  // A loop, since a view for so few bytes costs more than they do.
  for (let i = 0; i < plain.end; i++) response[i] = request[i] as number
  const recursion = plain.recursionDesired ? flagBits.recursionDesired : 0
  const authority = authoritative ? flagBits.authoritative : 0
  writeU16(response, 2, flagBits.response | authority | recursion | rcodes[rcode])
  writeU16(response, 6, 0)
  writeU16(response, 8, 1)
  writeU16(response, 10, optBytes === 0 ? 0 : 1)
  const pointer = 0xc000 | zoneAt
  let at = plain.end
  writeU16(response, at, pointer)
  writeU16(response, at + 2, SOA_CODE)
  writeU16(response, at + 4, 1)
  writeU32(response, at + 6, soa.ttl)
  writeU16(response, at + 10, dataBytes)
  at += RECORD_HEAD_BYTES
  for (const labels of [primary, mailbox]) {
    response.set(labels, at)
    writeU16(response, at + labels.length, pointer)
    at += labels.length + 2
  }
  for (const value of [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum]) {
    writeU32(response, at, value)
    at += 4
  }
  if (optBytes > 0) {
    writeU16(response, at + 1, questionTypeCodes.OPT)
    writeU16(response, at + 3, ednsBytes)
    if (plain.dnssecOk) response[at + 7] = 0x80
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

/** The names of an SOA record on the wire: the zone in lower case, and of the others what stands before the zone. */
interface SoaNames {
  readonly primaryName: string
  readonly mailboxName: string
  readonly zone: Uint8Array
  readonly primary: Uint8Array
  readonly mailbox: Uint8Array
}

/** A server has few zones; with more the names are encoded again. */
const ZONES_MAX = 64
const known = new Map<string, SoaNames>()

function soaNames(soa: SoaRecord): SoaNames | undefined {
  const found = known.get(soa.name)
  if (found !== undefined && found.primaryName === soa.primary && found.mailboxName === soa.mailbox)
    return found
  const zone = nameLabels(soa.name)?.map(lowerCase)
  const primary = labelsBefore(soa.primary, zone)
  const mailbox = labelsBefore(soa.mailbox, zone)
  if (zone === undefined || primary === undefined || mailbox === undefined) return undefined
  const names = {
    primaryName: soa.primary,
    mailboxName: soa.mailbox,
    zone: Uint8Array.from([...labelBytes(zone), 0]),
    primary: Uint8Array.from(labelBytes(primary)),
    mailbox: Uint8Array.from(labelBytes(mailbox)),
  }
  if (known.size >= ZONES_MAX) known.clear()
  known.set(soa.name, names)
  return names
}

function labelsBefore(name: string, zone: readonly string[] | undefined): readonly string[] | undefined {
  const labels = nameLabels(name)
  if (labels === undefined || zone === undefined || labels.length < zone.length) return undefined
  const head = labels.length - zone.length
  return zone.every((label, i) => lowerCase(labels[head + i] as string) === label)
    ? labels.slice(0, head)
    : undefined
}

function labelBytes(labels: readonly string[]): readonly number[] {
  return labels.flatMap(label => [label.length, ...Array.from(label, character => character.charCodeAt(0))])
}
