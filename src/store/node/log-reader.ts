import { isRecord } from '../../core/internal.js'
import type { LogFile } from './directory.js'
import { FORMAT_VERSION } from './directory.js'
import type { ReadableFiles } from './disk.js'
import { FileBuffer } from './file-buffer.js'
import type { PlacedFrame } from './frame.js'
import { FRAME_HEADER_BYTES, FRAME_KINDS, readFrame, readHeader } from './frame.js'
import type { FrameCipher } from './frame-cipher.js'
import type { JournalEntry } from './journal-entry.js'
import type { LogEnd } from './log-writer.js'
import { CorruptError, unsupportedDirectory } from './storage-errors.js'

/** What is left of a frame that was being written when power was lost. */
export interface TornTail {
  readonly segment: LogFile
  readonly offset: number
  readonly bytes: Buffer
}

/** How a log was read. */
export interface ReadLog {
  readonly end: LogEnd
  /** Undefined when the log ends with a whole frame. */
  readonly torn: TornTail | undefined
  /** What is before the end, in its file, and is not known to be on the disk: the system may have it in memory only. */
  readonly unsynced: Buffer
}

/** What is read, and who takes it. */
export interface LogReaderOptions {
  readonly disk: ReadableFiles
  readonly incarnation: string
  readonly cipher: FrameCipher
  /** The first of them begins with an entry that is known, or with the next one. */
  readonly segments: readonly LogFile[]
  /** Entries up to this one are known already. */
  readonly known: number
  /** Called for each later entry, with its number, in order. */
  readonly visit: (entry: JournalEntry, number: number) => void
}

/** Disks write whole sectors of this size. */
const SECTOR_BYTES = 512

/**
 * Reads these files of a log from the first one on. Changes nothing.
 *
 * The rule of the torn tail: what cannot be read is a write that power was lost in, and so was never acknowledged, if it is at the
 * end of the last file, no later frame says that it was on the disk, and parts of it are missing: the file ends, the rest of
 * it is zeros, or what a sector has of it is. Everything else is corrupt.
 *
 * @throws CorruptError, KeelsonError `Unsupported`
 */
export async function readLog(options: LogReaderOptions): Promise<ReadLog> {
  const { disk, segments, known } = options
  let end: LogEnd = { segment: undefined, position: 0, checksum: 0, next: segments[0]?.first ?? known + 1 }
  if (end.next > known + 1)
    throw new CorruptError(
      disk.path,
      `the log begins with entry ${end.next}, and ${known + 1} is the next one`,
    )
  // The last file is never removed.
  if (segments.length === 0 && known > 0)
    throw new CorruptError(disk.path, `it has no log, and a checkpoint knows entry ${known} of it`)
  let torn: TornTail | undefined
  let unsynced: Buffer = NO_BYTES
  const buffer = new FileBuffer(disk)
  for (const [index, segment] of segments.entries()) {
    const bytes = await buffer.read(segment.name)
    const read = new SegmentReader(options, segment, bytes)
    const found = read.run(end, index === segments.length - 1)
    ;({ end, torn, unsynced } = found)
  }
  if (end.next <= known)
    throw new CorruptError(
      disk.path,
      `the log ends with entry ${end.next - 1}, and a checkpoint knows ${known}`,
    )
  return { end, torn, unsynced }
}

/**
 * The newest revision that the log tells, or an older one: it looks at the last frame of each file, from the last file back.
 *
 * @returns 0 when none tells any
 * @throws CorruptError
 */
export async function newestRevision(
  options: Pick<LogReaderOptions, 'disk' | 'incarnation' | 'cipher' | 'segments'>,
): Promise<number> {
  const { disk, segments } = options
  const buffer = new FileBuffer(disk)
  for (const segment of segments.toReversed()) {
    const bytes = await buffer.read(segment.name)
    const found = new SegmentReader(
      { ...options, known: 0, visit: () => {} },
      segment,
      bytes,
    ).newestRevision()
    if (found !== undefined) return found
  }
  return 0
}

const NO_BYTES: Buffer = /* @__PURE__ */ Buffer.alloc(0)

/** Reads one file. */
class SegmentReader {
  readonly #options: LogReaderOptions
  readonly #segment: LogFile
  readonly #bytes: Buffer
  /** Frames that no later one has said to be on the disk yet. */
  readonly #unsynced: { readonly position: number; readonly last: number }[] = []

  constructor(options: LogReaderOptions, segment: LogFile, bytes: Buffer) {
    this.#options = options
    this.#segment = segment
    this.#bytes = bytes
  }

  run(before: LogEnd, isLast: boolean): ReadLog {
    const { next } = before
    const segment = this.#segment
    if (segment.first !== next)
      throw new CorruptError(this.#path, `it begins with entry ${segment.first}, and ${next} is the next one`)
    const head = readFrame(this.#bytes, 0, 0)
    if (head?.kind !== FRAME_KINDS.head) return this.#endsAt(0, before, isLast)
    this.#assertHead(head, before)
    this.#unsynced.push({ position: 0, last: next })
    let end: LogEnd = { segment, position: head.end, checksum: head.checksum, next }
    let frame = readFrame(this.#bytes, end.position, end.checksum)
    while (frame !== undefined) {
      const following = readFrame(this.#bytes, frame.end, frame.checksum)
      end = this.#take(frame, end, following)
      frame = following
    }
    return this.#endsAt(end.position, end, isLast)
  }

  #take(frame: PlacedFrame, { segment, position, next }: LogEnd, following: PlacedFrame | undefined): LogEnd {
    if (frame.kind !== FRAME_KINDS.entries || frame.first !== next)
      throw this.#corrupt(position, `entry ${next} should be here, and there is ${frame.first}`)
    const behind = this.#visit(frame, position, following)
    while ((this.#unsynced[0]?.last ?? Number.POSITIVE_INFINITY) <= frame.synced) this.#unsynced.shift()
    this.#unsynced.push({ position, last: behind - 1 })
    return { segment, position: frame.end, checksum: frame.checksum, next: behind }
  }

  /** Tells the entries that are not known, and returns the number behind the last one. */
  #visit(frame: PlacedFrame, position: number, following: PlacedFrame | undefined): number {
    const { known, visit } = this.#options
    const { first } = frame
    // The checksums say that all of it is there; nothing has to be parsed.
    if (following !== undefined && following.first > first && following.first <= known + 1)
      return following.first
    const entries = this.#parsed(frame, position)
    for (const [index, entry] of entries.entries()) if (first + index > known) visit(entry, first + index)
    return first + entries.length
  }

  /** The newest revision in the last frame that can be read; undefined when it has none. */
  newestRevision(): number | undefined {
    let last: { readonly frame: PlacedFrame; readonly position: number } | undefined
    let position = 0
    for (let checksum = 0; ; ) {
      const frame = readFrame(this.#bytes, position, checksum)
      if (frame === undefined) break
      if (frame.kind === FRAME_KINDS.entries) last = { frame, position }
      position = frame.end
      checksum = frame.checksum
    }
    if (last === undefined) return undefined
    return this.#parsed(last.frame, last.position).findLast(({ revision }) => revision !== undefined)
      ?.revision
  }

  #parsed({ payload, sealed }: PlacedFrame, at: number): readonly JournalEntry[] {
    const { cipher, disk, incarnation } = this.#options
    const place = { path: disk.path, incarnation, file: this.#segment.name, position: at }
    const text = sealed ? cipher.open(payload, place) : payload
    try {
      return JSON.parse(text.toString('utf8')) as readonly JournalEntry[]
    } catch (error) {
      throw this.#corrupt(at, `its text is not JSON (${(error as Error).message})`)
    }
  }

  /** No frame can be read at `position`. */
  #endsAt(position: number, end: LogEnd, isLast: boolean): ReadLog {
    const last = lastByte(this.#bytes, position)
    const isEmpty = last < position
    // The file was made, and nothing of it is there: the one before it is still the last.
    if (isEmpty && position === 0 && isLast) return { end, torn: this.#tornAt(0, -1), unsynced: NO_BYTES }
    const from = isLast ? (this.#unsynced[0]?.position ?? position) : position
    const unsynced = Buffer.from(this.#bytes.subarray(from, position))
    if (isEmpty && position > 0) return { end, torn: undefined, unsynced }
    if (!isLast) throw this.#corrupt(position, 'a frame cannot be read, and there are later files')
    const later = this.#laterFrame(position, end.next)
    if (later !== undefined)
      throw this.#corrupt(
        position,
        `entry ${end.next} cannot be read, and it was written before byte ${later}`,
      )
    if (!this.#hasGap(position, last))
      throw this.#corrupt(position, `entry ${end.next} cannot be read, although all of it is there`)
    return { end, torn: this.#tornAt(position, last), unsynced }
  }

  #tornAt(offset: number, last: number): TornTail {
    return { segment: this.#segment, offset, bytes: Buffer.from(this.#bytes.subarray(offset, last + 1)) }
  }

  /** A frame behind `position` that knows of entry `next` that it was on the disk. */
  #laterFrame(position: number, next: number): number | undefined {
    for (let at = position + 8; at + FRAME_HEADER_BYTES <= this.#bytes.length; at += 8) {
      const header = readHeader(this.#bytes, at)
      if (header !== undefined && header.first > next && header.synced >= next) return at
    }
    return undefined
  }

  /**
   * Whether a part of the frame at `position` was not written. Of one whose header cannot be read, only the header tells: what is behind
   * it may be missing for reasons of its own.
   */
  #hasGap(position: number, last: number): boolean {
    // A file has its head on the disk before anything else is written to it.
    if (position === 0 && last >= SECTOR_BYTES) return false
    const size = readHeader(this.#bytes, position)?.size ?? FRAME_HEADER_BYTES
    const end = position + size
    // A whole frame ends with at most seven zeros.
    return end > this.#bytes.length || last < end - 8 || this.#hasZeroSector(position, end)
  }

  #hasZeroSector(from: number, end: number): boolean {
    for (let begin = from; begin < end; ) {
      const next = Math.min(end, (Math.floor(begin / SECTOR_BYTES) + 1) * SECTOR_BYTES)
      if (next - begin >= 8 && lastByte(this.#bytes.subarray(0, next), begin) < begin) return true
      begin = next
    }
    return false
  }

  #assertHead({ payload }: PlacedFrame, { next, checksum, segment: previous }: LogEnd): void {
    const head: unknown = JSON.parse(payload.toString('utf8'))
    if (!isRecord(head)) throw this.#corrupt(0, 'it has no head')
    const { version, incarnation, first, follows } = head
    if (typeof version !== 'number' || version > FORMAT_VERSION)
      throw unsupportedDirectory(
        this.#path,
        `it is in format ${String(version)}`,
        'use the version that has written it',
      )
    if (incarnation !== this.#options.incarnation)
      throw this.#corrupt(0, `it is of store ${String(incarnation)}, not of ${this.#options.incarnation}`)
    if (first !== next || (previous !== undefined && follows !== checksum))
      throw this.#corrupt(0, 'it does not follow the file before it')
  }

  #corrupt(offset: number, reason: string): CorruptError {
    return new CorruptError(this.#path, reason, offset)
  }

  get #path(): string {
    return `${this.#options.disk.path}/${this.#segment.name}`
  }
}

/** Where the last byte that is not zero is; before `from` when there is none. */
function lastByte(bytes: Buffer, from: number): number {
  let at = bytes.length - 1
  while (at >= from && bytes[at] === 0) at--
  return at
}
