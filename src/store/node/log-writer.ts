import type { LogFile } from './directory.js'
import { FORMAT_VERSION, segmentName } from './directory.js'
import type { Disk, DiskFile } from './disk.js'
import { encodeFrame, FRAME_KINDS } from './frame.js'
import type { FrameCipher } from './frame-cipher.js'

/** Where a log ends, and so where it goes on. */
export interface LogEnd {
  /** Undefined when there is no file yet. */
  readonly segment: LogFile | undefined
  /** Behind the last frame. */
  readonly position: number
  readonly checksum: number
  /** The number of the next entry. */
  readonly next: number
}

/** How a log is written. */
export interface LogWriterOptions {
  readonly disk: Disk
  readonly incarnation: string
  readonly cipher: FrameCipher
  /** A file that would become longer is followed by another one. */
  readonly segmentBytes: number
  /** The files that are there, ascending. */
  readonly segments: readonly LogFile[]
  /** Told of each piece. */
  readonly grown?: (bytes: number) => void
}

/**
 * So many zeros are written ahead: a sync after writing over them has nothing to tell the file system but the data, which
 * is a third faster than for a file that grows.
 */
const ROOM_BYTES = 1 << 20

const FRAME_EXTRA_BYTES = 160

/** Appends frames to a log. One call at a time. Whatever has failed, nothing can be appended after it. */
export class LogWriter {
  readonly #options: LogWriterOptions
  #file: DiskFile | undefined
  #segment: LogFile | undefined
  #position: number
  #checksum: number
  /** How long the file is, zeros included. */
  #length: number
  #next: number
  #synced: number
  #segments: LogFile[]
  #isTurning = false

  constructor(options: LogWriterOptions, end: LogEnd) {
    this.#options = options
    this.#segments = [...options.segments]
    this.#segment = end.segment
    this.#position = end.position
    this.#length = end.position
    this.#checksum = end.checksum
    this.#next = end.next
    this.#synced = end.next - 1
  }

  /** The last entry that is known to be on the disk. */
  get synced(): number {
    return this.#synced
  }

  /**
   * Makes the last file writable again; what is behind the end goes. What may be in the memory of the system only is written
   * again: after a sync that has failed a later one says nothing of it. Names are synced for the same reason.
   */
  async begin(unsynced: Buffer): Promise<void> {
    const { disk } = this.#options
    if (this.#segment !== undefined) {
      this.#file = await disk.open(this.#segment.name)
      await this.#file.truncate(this.#position)
      await this.#file.write(unsynced, this.#position - unsynced.length)
      await this.#file.sync()
    }
    await disk.sync()
  }

  /** Appends one frame of `count` entries. */
  async append(text: Buffer, count: number): Promise<void> {
    const { disk, incarnation, cipher, segmentBytes } = this.#options
    // A file has one frame at least, however long that is. Besides its payload a frame has a header, at most seven zeros, and what
    // encryption adds.
    const bound = this.#position + text.length + FRAME_EXTRA_BYTES
    const isBegun = this.#segment !== undefined && this.#next > this.#segment.first
    const isFull = isBegun && (this.#isTurning || bound > segmentBytes)
    const file = this.#file === undefined || isFull ? await this.#rotate() : this.#file
    const place = { path: disk.path, incarnation, file: this.#segment?.name ?? '', position: this.#position }
    const payload = cipher.seal(text, place)
    const room = this.#position + payload.length + FRAME_EXTRA_BYTES <= this.#length ? 0 : ROOM_BYTES
    const frame = {
      kind: FRAME_KINDS.entries,
      sealed: cipher.isSealing,
      first: this.#next,
      synced: this.#synced,
      payload,
    }
    const ahead = Math.min(room, segmentBytes)
    const { bytes, size, checksum } = encodeFrame(frame, this.#checksum, ahead)
    await file.writeAtOnce(bytes, this.#position)
    this.#position += size
    this.#length = Math.max(this.#length, this.#position + ahead)
    this.#checksum = checksum
    this.#next += count
    this.#options.grown?.(size)
  }

  /** The next piece begins a new file. */
  turn(): void {
    this.#isTurning = true
  }

  /** Removes its files, from the first one on, as long as the next one fits. The last one stays. */
  async removeWhile(fits: (next: LogFile) => boolean): Promise<void> {
    for (;;) {
      const [first, next] = this.#segments
      if (first === undefined || next === undefined || !fits(next)) return
      await this.#options.disk.remove(first.name)
      this.#segments = this.#segments.filter(segment => segment !== first)
    }
  }

  /** Everything appended so far is on the disk when it resolves. */
  async sync(): Promise<void> {
    const last = this.#next - 1
    if (last === this.#synced) return
    await this.#file?.sync()
    this.#synced = last
  }

  async close(): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    try {
      await file.truncate(this.#position)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** Lets go of the file as it is. */
  async abandon(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  /** Only the last file may have an end that is not on the disk. */
  async #rotate(): Promise<DiskFile> {
    const { disk, incarnation } = this.#options
    await this.sync()
    await this.close()
    const segment = { name: segmentName(this.#next), first: this.#next }
    const head = { version: FORMAT_VERSION, incarnation, first: this.#next, follows: this.#checksum }
    const payload = Buffer.from(JSON.stringify(head))
    const frame = encodeFrame(
      { kind: FRAME_KINDS.head, sealed: false, first: this.#next, synced: this.#synced, payload },
      0,
    )
    const file = await disk.open(segment.name)
    this.#file = file
    await file.truncate(0)
    await file.write(frame.bytes, 0)
    await file.sync()
    await disk.sync()
    this.#isTurning = false
    this.#segment = segment
    this.#segments.push(segment)
    this.#position = frame.size
    this.#length = frame.size
    this.#checksum = frame.checksum
    return file
  }
}
