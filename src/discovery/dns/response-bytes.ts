/** Responses share blocks of memory, as small Buffers do: to ask the system for each one would cost as much as the rest. */
const BLOCK_BYTES = 32_768
/** A longer one has memory of its own, so that no block is mostly left empty. */
const SHARED_MAX = BLOCK_BYTES / 8

let block = new ArrayBuffer(BLOCK_BYTES)
let taken = 0

/** Zeroed memory for one response. */
export function takeBytes(length: number): Uint8Array {
  if (length > SHARED_MAX) return new Uint8Array(length)
  if (taken + length > BLOCK_BYTES) {
    block = new ArrayBuffer(BLOCK_BYTES)
    taken = 0
  }
  const bytes = new Uint8Array(block, taken, length)
  taken += length
  return bytes
}

/** A copy to be changed and sent. */
export function copyOf(response: Uint8Array): Uint8Array {
  const copy = takeBytes(response.length)
  copy.set(response)
  return copy
}
