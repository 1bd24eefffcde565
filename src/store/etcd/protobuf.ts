/** A value of a protobuf message: text, bytes, a whole number, a truth, a message, or several of one field. */
export type ProtoValue = string | Uint8Array | number | bigint | boolean | ProtoValue[] | undefined

/** A message to be sent: pairs of field number and value. Undefined, 0, false and empty ones are left out, as the format has it. */
export type ProtoFields = readonly (readonly [field: number, value: ProtoValue])[]

/** The bytes of a message. */
export function encodeMessage(fields: ProtoFields): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [field, value] of fields) append(parts, field, value)
  return Buffer.concat(parts)
}

function append(parts: Uint8Array[], field: number, value: ProtoValue): void {
  if (value === undefined || value === false || value === 0 || value === 0n) return
  if (Array.isArray(value)) {
    // An element of a list is there, also when it is empty.
    for (const one of value) appendBytes(parts, field, bytesOf(one as string | Uint8Array))
    return
  }
  if (typeof value === 'string' || value instanceof Uint8Array) {
    if (value.length > 0) appendBytes(parts, field, bytesOf(value))
    return
  }
  parts.push(varint(field << 3), varint(typeof value === 'boolean' ? 1 : value))
}

function appendBytes(parts: Uint8Array[], field: number, bytes: Uint8Array): void {
  parts.push(varint((field << 3) | 2), varint(bytes.length), bytes)
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  if (typeof value === 'number') {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
    bytes.push(rest)
    return Uint8Array.from(bytes)
  }
  let rest = value
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

/** So many bytes of a number are exact without BigInt. */
const SAFE_BYTES = 7

function cutOff(): RangeError {
  return new RangeError('a message is cut off')
}

/** A message as it came: what each field had, in order. */
export class ProtoMessage {
  readonly #numbers = new Map<number, number | bigint>()
  readonly #chunks = new Map<number, Uint8Array[]>()

  /** @throws RangeError for what is no message */
  constructor(bytes: Uint8Array) {
    let at = 0
    const read = (): number | bigint => {
      let value = 0
      for (let scale = 1, count = 0; count < SAFE_BYTES; scale *= 0x80, count++) {
        const byte = bytes[at++]
        if (byte === undefined) throw cutOff()
        value += (byte & 0x7f) * scale
        if (byte < 0x80) return value
      }
      let large = BigInt(value)
      for (let shift = BigInt(SAFE_BYTES * 7); ; shift += 7n) {
        const byte = bytes[at++]
        if (byte === undefined || shift > 63n) throw cutOff()
        large |= BigInt(byte & 0x7f) << shift
        if (byte < 0x80) return BigInt.asUintN(64, large)
      }
    }
    while (at < bytes.length) {
      const tag = Number(read())
      const field = tag >>> 3
      switch (tag & 7) {
        case 0:
          this.#numbers.set(field, read())
          break
        case 1:
          at += 8
          break
        case 2: {
          const length = Number(read())
          if (at + length > bytes.length) throw cutOff()
          const chunks = this.#chunks.get(field)
          const chunk = bytes.subarray(at, at + length)
          if (chunks === undefined) this.#chunks.set(field, [chunk])
          else chunks.push(chunk)
          at += length
          break
        }
        case 5:
          at += 4
          break
        default:
          throw new RangeError(`a message has a field of type ${tag & 7}`)
      }
    }
  }

  /** As a signed number of 64 bits that a number of JavaScript holds; revisions and counts do. */
  number(field: number): number {
    const value = this.#numbers.get(field) ?? 0
    return typeof value === 'number' ? value : Number(BigInt.asIntN(64, value))
  }

  /** An id, which uses all 64 bits. */
  id(field: number): bigint {
    return BigInt(this.#numbers.get(field) ?? 0)
  }

  flag(field: number): boolean {
    return this.number(field) !== 0
  }

  bytes(field: number): Uint8Array {
    return this.#chunks.get(field)?.at(-1) ?? new Uint8Array()
  }

  text(field: number): string {
    return textOf(this.bytes(field))
  }

  message(field: number): ProtoMessage {
    return new ProtoMessage(this.bytes(field))
  }

  messages(field: number): readonly ProtoMessage[] {
    return (this.#chunks.get(field) ?? []).map(chunk => new ProtoMessage(chunk))
  }
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
