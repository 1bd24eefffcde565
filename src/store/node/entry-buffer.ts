import type { PendingEntry } from './journal-entry.js'
import { entryText } from './journal-entry.js'

/** Entries are written in pieces of about so many bytes, so that no piece holds up the event loop for long. */
const PIECE_BYTES = 1 << 20

const BEGIN_BYTES = 1 << 16
/** A UTF-16 unit has three bytes in UTF-8 at most; then a comma and the brackets. */
const UNIT_BYTES_MAX = 3
const EXTRA_BYTES = 2

const COMMA = 0x2c
const [OPEN, CLOSE] = [0x5b, 0x5d]

/** Where the texts of entries are put together, one piece after the other; to join them as text costs as much as to make them. */
export class EntryBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(BEGIN_BYTES)

  /**
   * The entries from `begin` on as a JSON list, as many as fit.
   *
   * @returns bytes that are good until the next call
   */
  pieceOf(
    entries: readonly PendingEntry[],
    begin: number,
  ): { readonly payload: Buffer; readonly end: number } {
    let size = 0
    let end = begin
    for (; end < entries.length && size < PIECE_BYTES; end++) {
      const text = entryText(entries[end] as PendingEntry)
      this.#makeRoom(size, size + text.length * UNIT_BYTES_MAX + EXTRA_BYTES)
      this.#bytes[size++] = end === begin ? OPEN : COMMA
      size += this.#bytes.write(text, size)
    }
    this.#bytes[size++] = CLOSE
    return { payload: this.#bytes.subarray(0, size), end }
  }

  #makeRoom(size: number, wanted: number): void {
    if (wanted <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, size)
    this.#bytes = larger
  }
}
