import type { ReadableFiles } from './disk.js'

const BEGIN_BYTES = 65_536
const GROWTH = 8

/**
 * Reads files one after the other into the same memory. A buffer for each would be memory beside the heap, and a few of those
 * make the collector look at all of the heap, which grows meanwhile.
 */
export class FileBuffer {
  readonly #disk: Pick<ReadableFiles, 'readInto'>
  #bytes: Buffer = Buffer.allocUnsafeSlow(BEGIN_BYTES)

  constructor(disk: Pick<ReadableFiles, 'readInto'>) {
    this.#disk = disk
  }

  /** All of a file; good until the next call. */
  async read(name: string): Promise<Buffer> {
    for (;;) {
      const part = await this.#disk.readInto(name, 0, this.#bytes)
      // One that fills it may be longer.
      if (part.length < this.#bytes.length) return part
      this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length * GROWTH)
    }
  }
}
