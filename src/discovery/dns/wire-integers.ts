// Whole numbers as they are on the wire: most significant byte first. No bounds are checked.

/** Two bytes. */
export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

/** Four bytes. */
export function readU32(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 65_536 + readU16(bytes, at + 2)
}

/** Writes two bytes. */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >>> 8) & 255
  bytes[at + 1] = value & 255
}

/** Writes four bytes. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, Math.floor(value / 65_536) & 0xffff)
  writeU16(bytes, at + 2, value & 0xffff)
}
