import { ExpiredError } from '../object/store-errors.js'
import type { LogFile } from './directory.js'
import { readDirectory } from './directory.js'
import type { Disk } from './disk.js'
import type { PlacedFrame } from './frame.js'
import { FRAME_KINDS, readFrame } from './frame.js'
import { CorruptError, isMissingFile, unsupportedDirectory } from './storage-errors.js'

/** A frame of the log, and where it is. */
export interface FollowedFrame {
  readonly file: LogFile
  readonly position: number
  readonly frame: PlacedFrame
  /** As they are in the file. */
  readonly bytes: Buffer
}

/** A file begins with its head, and that is short. */
const HEAD_BYTES_MAX = 4_096

/**
 * Reads the log of a directory that another process writes, a bit at a time. It takes no lock and writes nothing. A frame is
 * read when all of it is there; the system has it then, and the disk perhaps not yet: a power cut may take the last ones
 * away, never a kill.
 */
export class LogFollower {
  readonly #disk: Disk
  #file: LogFile | undefined
  #position = 0
  /** Of the last frame that was read; 0 before the first one. */
  #checksum = 0

  /** @param file where to begin. Default: the oldest one that is there */
  constructor(disk: Disk, file?: LogFile) {
    this.#disk = disk
    this.#file = file
  }

  /**
   * Takes what was written since the last call, in order.
   *
   * @throws ExpiredError when files were removed before they were read, CorruptError, KeelsonError `Unsupported`
   */
  async read(take: (followed: FollowedFrame) => void | Promise<void>): Promise<void> {
    for (;;) {
      const segments = await this.#segments()
      const file = this.#file
      // Of one that was removed the oldest one is next, if it follows what was read.
      const index = file === undefined ? -1 : segments.findIndex(({ first }) => first === file.first)
      const isRead = file === undefined || (index >= 0 && (await this.#readFile(file, take)))
      const [later, afterThat] = segments.slice(index + 1)
      if (later === undefined) {
        if (isRead) return
        throw this.#removed(later)
      }
      const head = await this.#headOf(later)
      if (head !== undefined) this.#turnTo(later, head, isRead)
      // One that has no head yet may still go away with the process that has made it.
      else if (afterThat === undefined) return
    }
  }

  async #segments(): Promise<readonly LogFile[]> {
    const found = await readDirectory(this.#disk)
    if (found !== undefined) return found.segments
    throw unsupportedDirectory(this.#disk.path, 'it is empty', 'give the directory of a store')
  }

  /** False when it was removed. What was written before the next file was made is all there once that is. */
  async #readFile(file: LogFile, take: (followed: FollowedFrame) => void | Promise<void>): Promise<boolean> {
    const begin = this.#position
    const bytes = await this.#bytesOf(file, begin)
    if (bytes === undefined) return false
    for (;;) {
      const position = this.#position
      const frame = readFrame(bytes, position - begin, position === 0 ? 0 : this.#checksum)
      if (frame === undefined) return true
      await take({ file, position, frame, bytes: bytes.subarray(position - begin, frame.end) })
      this.#position = begin + frame.end
      this.#checksum = frame.checksum
    }
  }

  /** The head of a file; undefined when it is not there yet, or the file no longer is. */
  async #headOf(file: LogFile): Promise<{ readonly follows?: unknown } | undefined> {
    const bytes = await this.#bytesOf(file, 0, HEAD_BYTES_MAX)
    const frame = bytes === undefined ? undefined : readFrame(bytes, 0, 0)
    if (frame?.kind === FRAME_KINDS.head)
      return JSON.parse(frame.payload.toString('utf8')) as { follows?: unknown }
    const { segments } = (await readDirectory(this.#disk)) ?? { segments: [] }
    const index = segments.findIndex(({ first }) => first === file.first)
    if (index < 0 || index === segments.length - 1) return undefined
    throw new CorruptError(`${this.#disk.path}/${file.name}`, 'it has no head, and there are later files', 0)
  }

  async #bytesOf({ name }: LogFile, from: number, length?: number): Promise<Buffer | undefined> {
    try {
      return await this.#disk.read(name, from, length)
    } catch (error) {
      if (isMissingFile(error)) return undefined
      throw error
    }
  }

  #turnTo(later: LogFile, { follows }: { readonly follows?: unknown }, isRead: boolean): void {
    if (this.#file !== undefined && follows !== this.#checksum) {
      if (!isRead) throw this.#removed(later)
      throw new CorruptError(
        `${this.#disk.path}/${this.#file.name}`,
        'a frame cannot be read, and there are later files',
        this.#position,
      )
    }
    this.#file = later
    this.#position = 0
  }

  #removed(oldest: LogFile | undefined): ExpiredError {
    const [first, read] = [oldest?.first ?? 0, this.#file?.first ?? 0]
    return new ExpiredError(read, first, {
      message: `${this.#disk.path} no longer has entries that were not read yet; its log begins with entry ${first} now. Begin again`,
    })
  }
}
