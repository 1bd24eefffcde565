import type { ReadableFiles } from './disk.js'
import type { PlacedFrame } from './frame.js'
import { FRAME_HEADER_BYTES, readFrame, readHeader } from './frame.js'

/** Read at once, unless a frame is longer. A file may be longer than a buffer can be. */
const WINDOW_BYTES = 8_388_608

/** Reads the frames of a file one after the other, a window of it at a time. */
export class FrameReader {
  readonly #disk: Omit<ReadableFiles, 'path'>
  readonly #name: string
  readonly #windowBytes: number
  #window: Buffer = Buffer.alloc(0)
  /** Where the window begins in the file, and where the next frame does. */
  #begin = 0
  #position = 0
  #checksum = 0
  #isWhole = false

  constructor(disk: Omit<ReadableFiles, 'path'>, name: string, windowBytes: number = WINDOW_BYTES) {
    this.#disk = disk
    this.#name = name
    this.#windowBytes = windowBytes
  }

  /** Where the next frame begins. */
  get position(): number {
    return this.#position
  }

  /** The next frame, whose `end` is of the window; undefined when there is none that can be read. */
  async next(): Promise<PlacedFrame | undefined> {
    await this.#makeRoom(FRAME_HEADER_BYTES)
    const at = (): number => this.#position - this.#begin
    await this.#makeRoom(readHeader(this.#window, at())?.size ?? 0)
    const begin = at()
    const frame = readFrame(this.#window, begin, this.#checksum)
    if (frame === undefined) return undefined
    this.#position += frame.end - begin
    this.#checksum = frame.checksum
    return frame
  }

  /** Has so many bytes from the next frame on in the window, if the file has. */
  async #makeRoom(bytes: number): Promise<void> {
    if (this.#isWhole || this.#position + bytes <= this.#begin + this.#window.length) return
    const length = Math.max(this.#windowBytes, bytes)
    // The first one is as long as the file, if that is short; the others are all read into one.
    if (this.#window.length < length) this.#window = await this.#disk.read(this.#name, this.#position, length)
    else this.#window = await this.#disk.readInto(this.#name, this.#position, this.#window)
    this.#begin = this.#position
    this.#isWhole = this.#window.length < length
  }
}
