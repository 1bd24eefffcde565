import { crc32 } from 'node:zlib'

/**
 * Files are made of frames: a header of 32 bytes, then the payload, filled up with zeros to a multiple of 8 bytes. Numbers
 * are little-endian.
 *
 * | byte | what |
 * |---|---|
 * | 0 | mark of a frame, 4 bytes |
 * | 4 | bytes of the payload, 4 |
 * | 8 | number of the first entry in it, 6 |
 * | 14 | kind of the frame, 1 |
 * | 15 | 1 when the payload is encrypted, 1 |
 * | 16 | the last entry known to be on the disk when it was written, 6; then 2 zeros |
 * | 24 | CRC-32 of bytes 0–23 and the payload, continued from that of the frame before it, 4 |
 * | 28 | CRC-32 of bytes 0–27, 4 |
 *
 * Because checksums are chained, a frame that is missing or from elsewhere is detected by the next one.
 */
export const FRAME_HEADER_BYTES = 32

/** `KSF1`; no text has a zero byte, so a payload never looks like a header. */
const MARK = 0x3146534b

/** One frame, without its checksums. */
export interface Frame {
  readonly kind: FrameKind
  /** True when the payload is encrypted. */
  readonly sealed: boolean
  readonly first: number
  readonly synced: number
  readonly payload: Buffer
}

/** What is in a frame. */
export type FrameKind = number

/** `head` begins a file, `end` ends one that has an end. */
export const FRAME_KINDS: Readonly<Record<'head' | 'entries' | 'objects' | 'end', FrameKind>> =
  /* @__PURE__ */ Object.freeze({ head: 1, entries: 2, objects: 3, end: 4 })

/** A frame and where it is. */
export interface PlacedFrame extends Frame {
  readonly checksum: number
  /** Behind the frame. */
  readonly end: number
}

/** The frame as bytes, with `room` zeros behind it. */
export function encodeFrame(
  { kind, sealed, first, synced, payload }: Frame,
  previous: number,
  room = 0,
): { readonly bytes: Buffer; readonly size: number; readonly checksum: number } {
  const size = sizeOf(payload.length)
  const bytes = Buffer.alloc(size + room)
  bytes.writeUInt32LE(MARK, 0)
  bytes.writeUInt32LE(payload.length, 4)
  bytes.writeUIntLE(first, 8, 6)
  bytes.writeUInt8(kind, 14)
  bytes.writeUInt8(sealed ? 1 : 0, 15)
  bytes.writeUIntLE(synced, 16, 6)
  const checksum = crc32(payload, crc32(bytes.subarray(0, 24), previous))
  bytes.writeUInt32LE(checksum, 24)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28)
  payload.copy(bytes, FRAME_HEADER_BYTES)
  return { bytes, size, checksum }
}

/** The header at that place, if one is there whose own checksum is right. */
export function readHeader(
  bytes: Buffer,
  at: number,
): { readonly first: number; readonly synced: number; readonly size: number } | undefined {
  if (at + FRAME_HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== MARK) return undefined
  if (crc32(bytes.subarray(at, at + 28)) !== bytes.readUInt32LE(at + 28)) return undefined
  const size = sizeOf(bytes.readUInt32LE(at + 4))
  return { first: bytes.readUIntLE(at + 8, 6), synced: bytes.readUIntLE(at + 16, 6), size }
}

/** The frame at that place, if it is whole and follows the frame with checksum `previous`. */
export function readFrame(bytes: Buffer, at: number, previous: number): PlacedFrame | undefined {
  const header = readHeader(bytes, at)
  if (header === undefined || at + header.size > bytes.length) return undefined
  const begin = at + FRAME_HEADER_BYTES
  const payload = bytes.subarray(begin, begin + bytes.readUInt32LE(at + 4))
  const checksum = crc32(payload, crc32(bytes.subarray(at, at + 24), previous))
  if (checksum !== bytes.readUInt32LE(at + 24)) return undefined
  const kind = bytes.readUInt8(at + 14)
  const sealed = bytes.readUInt8(at + 15) === 1
  return {
    kind,
    sealed,
    first: header.first,
    synced: header.synced,
    payload,
    checksum,
    end: at + header.size,
  }
}

function sizeOf(payloadBytes: number): number {
  return FRAME_HEADER_BYTES + Math.ceil(payloadBytes / 8) * 8
}
