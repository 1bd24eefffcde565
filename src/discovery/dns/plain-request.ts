/** A request of the usual form: one question, nothing else but perhaps OPT of version 0. */
export interface PlainRequest {
  /** Of the name in lower case, the type and the class. */
  hash: number
  /** Where the question ends. */
  end: number
  recursionDesired: boolean
  /** Largest response that OPT offers; -1 without OPT. */
  udpSize: number
  dnssecOk: boolean
}

const HEADER_BYTES = 12
const OPT_TYPE = 41
const NAME_BYTES_MAX = 255

/** ASCII lower case of a byte; length bytes are below 64, so they stay. */
export function foldByte(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte
}

/**
 * Reads such a request into `into` without making anything; false for any other request, which is then read with care. Options
 * of EDNS are passed over: none of them changes an answer here.
 */
export function readPlainRequest(bytes: Uint8Array, into: PlainRequest): boolean {
  const flags = bytes[2] as number
  const additional = bytes[11] as number
  if (bytes.length < HEADER_BYTES + 5 || (flags & 0xfe) !== 0 || bytes[4] !== 0 || bytes[5] !== 1)
    return false
  for (let at = 6; at < 11; at++) if (bytes[at] !== 0) return false
  if (additional > 1) return false
  let hash = 0x811c9dc5
  let at = HEADER_BYTES
  for (;;) {
    const length = bytes[at] as number
    if (length === 0) break
    const next = at + length + 1
    if (length > 63 || next - HEADER_BYTES > NAME_BYTES_MAX - 1 || next + 5 > bytes.length) return false
    for (; at < next; at++) hash = Math.imul(hash ^ foldByte(bytes[at] as number), 0x01000193)
  }
  const end = at + 5
  for (at++; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  into.hash = hash | 0
  into.end = end
  into.recursionDesired = (flags & 1) !== 0
  into.udpSize = -1
  into.dnssecOk = false
  return additional === 0 ? end === bytes.length : readOpt(bytes, end, into)
}

function readOpt(bytes: Uint8Array, at: number, into: PlainRequest): boolean {
  if (at + 11 > bytes.length || bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== OPT_TYPE)
    return false
  // Another version is answered with BADVERS.
  if (bytes[at + 6] !== 0) return false
  into.udpSize = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number)
  into.dnssecOk = ((bytes[at + 7] as number) & 0x80) !== 0
  const length = ((bytes[at + 9] as number) << 8) | (bytes[at + 10] as number)
  if (at + 11 + length !== bytes.length) return false
  return areOptions(bytes, at + 11)
}

/** Whether the rest is options, each whole. */
function areOptions(bytes: Uint8Array, start: number): boolean {
  let at = start
  while (at + 4 <= bytes.length) at += 4 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  return at === bytes.length
}
