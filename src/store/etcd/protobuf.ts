/** A value of a protobuf message: text, bytes, a whole number, a truth, a message, or several of one field. */
export type ProtoValue = string | Uint8Array | number | bigint | boolean | ProtoValue[] | undefined

/** A message to be sent: pairs of field number and value. Undefined, 0, false and empty ones are left out, as the format has it. */
export type ProtoFields = readonly (readonly [field: number, value: ProtoValue])[]

/** The bytes of a message: measured first, so that all of it is written into one buffer. */
export function encodeMessage(fields: ProtoFields): Uint8Array {
  let size = 0
  for (const [field, value] of fields) size += fieldBytes(field, value)
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (const [field, value] of fields) at = writeField(bytes, at, field, value)
  return bytes
}

function fieldBytes(field: number, value: ProtoValue): number {
  if (isLeftOut(value)) return 0
  if (Array.isArray(value))
    return value.reduce<number>((sum, one) => sum + chunkBytes(field, one as Chunk), 0)
  if (isChunk(value)) return chunkBytes(field, value)
  return varintBytes(field << 3) + varintBytes(value)
}

function chunkBytes(field: number, chunk: Chunk): number {
  const length = lengthOf(chunk)
  return varintBytes(field << 3) + varintBytes(length) + length
}

function writeField(bytes: Buffer, at: number, field: number, value: ProtoValue): number {
  if (isLeftOut(value)) return at
  if (Array.isArray(value))
    return value.reduce<number>((behind, one) => writeChunk(bytes, behind, field, one as Chunk), at)
  if (isChunk(value)) return writeChunk(bytes, at, field, value)
  return writeVarint(bytes, writeVarint(bytes, at, field << 3), typeof value === 'boolean' ? 1 : value)
}

function writeChunk(bytes: Buffer, at: number, field: number, chunk: Chunk): number {
  const length = lengthOf(chunk)
  const begin = writeVarint(bytes, writeVarint(bytes, at, (field << 3) | 2), length)
  if (typeof chunk === 'string') bytes.write(chunk, begin, 'utf8')
  else bytes.set(chunk, begin)
  return begin + length
}

type Chunk = string | Uint8Array

function isChunk(value: unknown): value is Chunk {
  return typeof value === 'string' || value instanceof Uint8Array
}

/** An element of a list is there, also when it is empty. */
function isLeftOut(value: ProtoValue): value is undefined {
  return value === undefined || value === false || value === 0 || value === 0n || isEmpty(value)
}

function isEmpty(value: ProtoValue): boolean {
  return isChunk(value) && value.length === 0
}

function lengthOf(chunk: Chunk): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, 'utf8') : chunk.length
}

function varintBytes(value: number | bigint | boolean): number {
  let count = 1
  if (typeof value === 'bigint') for (let rest = value; rest >= 0x80n; rest >>= 7n) count++
  else for (let rest = Number(value); rest >= 0x80; rest = Math.floor(rest / 0x80)) count++
  return count
}

function writeVarint(bytes: Buffer, from: number, value: number | bigint): number {
  let at = from
  if (typeof value === 'number') {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
    bytes[at++] = rest
    return at
  }
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes[at++] = Number(rest & 0x7fn) | 0x80
  bytes[at++] = Number(rest)
  return at
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
