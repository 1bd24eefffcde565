import { isKeelsonError } from '../../core/index.js'
import { ExpiredError } from '../object/store-errors.js'
import type { LogFile } from './directory.js'
import { readDirectory } from './directory.js'
import type { Disk } from './disk.js'
import type { PlacedFrame } from './frame.js'
import { FRAME_KINDS, readFrame } from './frame.js'
import { CorruptError, unsupportedDirectory } from './storage-errors.js'

/** A frame of the log, and where it is. */
export interface FollowedFrame {
  readonly file: LogFile
  readonly position: number
  readonly frame: PlacedFrame
  /** As they are in the file. */
  readonly bytes: Buffer
}

/**
 * Reads the log of a directory that another process writes, a bit at a time. It takes no lock and writes nothing. A frame is
 * read when all of it is there; the system has it then, and the disk perhaps not yet: a power cut may take the last ones
 * away, never a kill.
 */
export class LogFollower {
  readonly #disk: Disk
  #file: LogFile | undefined
  #position = 0
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
      const later = await this.#later()
      // What was written before the next file was made is all there by now.
      if (this.#file !== undefined) await this.#readFile(this.#file, take).catch(ignoreIfOver(later))
      // One that has no head yet may still go away with the process that has made it.
      if (later === undefined || readFrame(await this.#disk.read(later.name), 0, 0) === undefined) return
      this.#turnTo(later)
    }
  }

  /** The file after the one that is read; undefined while there is none. */
  async #later(): Promise<LogFile | undefined> {
    const found = await readDirectory(this.#disk)
    if (found === undefined)
      throw unsupportedDirectory(this.#disk.path, 'it is empty', 'give the directory of a store')
    const { segments } = found
    const file = this.#file
    if (file === undefined) return segments[0]
    const index = segments.findIndex(({ first }) => first === file.first)
    // Removed: then the oldest one is next, if it follows what was read.
    if (index < 0 && this.#checksum === 0) throw this.#removed(segments[0])
    return segments[index + 1]
  }

  #turnTo(file: LogFile): void {
    this.#file = file
    this.#position = 0
    // That of the last frame stays: the head of the next file has it.
  }

  async #readFile(file: LogFile, take: (followed: FollowedFrame) => void | Promise<void>): Promise<void> {
    const begin = this.#position
    const bytes = await this.#disk.read(file.name, begin)
    for (;;) {
      const isHead = this.#position === 0
      const at = this.#position - begin
      const frame = readFrame(bytes, at, isHead ? 0 : this.#checksum)
      if (frame === undefined) return
      if (isHead) this.#assertFollows(file, frame)
      const position = this.#position
      await take({ file, position, frame, bytes: bytes.subarray(at, frame.end) })
      this.#position = begin + frame.end
      this.#checksum = frame.checksum
    }
  }

  #assertFollows(file: LogFile, { kind, payload }: PlacedFrame): void {
    if (kind !== FRAME_KINDS.head)
      throw new CorruptError(`${this.#disk.path}/${file.name}`, 'it has no head', 0)
    const { follows } = JSON.parse(payload.toString('utf8')) as { follows?: unknown }
    if (this.#checksum !== 0 && follows !== this.#checksum) throw this.#removed(file)
  }

  #removed(oldest: LogFile | undefined): ExpiredError {
    const [first, read] = [oldest?.first ?? 0, this.#file?.first ?? 0]
    return new ExpiredError(read, first, {
      message: `${this.#disk.path} no longer has entries that were not read yet; its log begins with entry ${first} now. Begin again`,
    })
  }
}

/** A file that was removed was read to its end, or the next one will not follow. */
function ignoreIfOver(later: LogFile | undefined): (error: unknown) => void {
  return error => {
    if (later === undefined || !isMissingFile(error)) throw error
  }
}

/** Whether the file system says that there is no such file. */
export function isMissingFile(error: unknown): boolean {
  return isKeelsonError(error, 'StorageFailed') && error.details.errno === 'ENOENT'
}
