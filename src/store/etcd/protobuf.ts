/** Text or bytes. */
type Chunk = string | Uint8Array

/** A value of a protobuf message: text, bytes, a whole number, a truth, or several chunks of one field. */
export type ProtoValue = Chunk | number | bigint | boolean | Chunk[] | undefined

/** A message to be sent: pairs of field number and value. Undefined, 0, false and empty ones are left out, as the format has it. */
export type ProtoFields = readonly (readonly [field: number, value: ProtoValue])[]

/** The bytes of a message. */
export function encodeMessage(fields: ProtoFields): Uint8Array {
  const writer = new MessageWriter()
  for (let index = fields.length - 1; index >= 0; index--) {
    const [field, value] = fields[index] as ProtoFields[number]
    if (Array.isArray(value))
      // An element of a list is there, also when it is empty.
      for (let at = value.length - 1; at >= 0; at--) writer.element(field, value[at] as Chunk)
    else writer.value(field, value)
  }
  return writer.bytes
}

const WRITER_BYTES = 128

/**
 * Writes a message from its last field to its first: the length of what is inside is known when it is asked for, so all of it
 * is written once, into one buffer.
 */
export class MessageWriter {
  #buffer: Buffer
  /** Where what is written begins. */
  #at: number

  /** @param bytes how long the message will be about; it may be longer */
  constructor(bytes: number = WRITER_BYTES) {
    this.#buffer = Buffer.allocUnsafe(bytes)
    this.#at = bytes
  }

  /** What was written. Then it has written its last. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#at)
  }

  /** How many bytes are written; for `message`. */
  get length(): number {
    return this.#buffer.length - this.#at
  }

  value(field: number, value: Exclude<ProtoValue, Chunk[]>): void {
    if (value === undefined || value === false || value === 0 || value === 0n) return
    if (typeof value === 'string' || value instanceof Uint8Array) {
      if (value.length > 0) this.element(field, value)
      return
    }
    const number = value === true ? 1 : value
    this.#room(varintBytes(number))
    writeVarint(this.#buffer, this.#at, number)
    this.#tag(field << 3)
  }

  element(field: number, chunk: Chunk): void {
    const before = this.length
    if (typeof chunk === 'string') {
      this.#room(Buffer.byteLength(chunk, 'utf8'))
      this.#buffer.write(chunk, this.#at, 'utf8')
    } else {
      this.#room(chunk.length)
      this.#buffer.set(chunk, this.#at)
    }
    this.message(field, before)
  }

  /** Makes what was written since it was so long a message of that field. */
  message(field: number, before: number): void {
    this.#tag(this.length - before)
    this.#tag((field << 3) | 2)
  }

  #tag(value: number): void {
    this.#room(varintBytes(value))
    writeVarint(this.#buffer, this.#at, value)
  }

  #room(bytes: number): void {
    if (bytes > this.#at) {
      const written = this.bytes
      const buffer = Buffer.allocUnsafe(2 * (written.length + bytes))
      this.#at = buffer.length - written.length
      buffer.set(written, this.#at)
      this.#buffer = buffer
    }
    this.#at -= bytes
  }
}

function varintBytes(value: number | bigint): number {
  let count = 1
  if (typeof value === 'bigint') for (let rest = value; rest >= 0x80n; rest >>= 7n) count++
  else for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++
  return count
}

function writeVarint(bytes: Buffer, from: number, value: number | bigint): void {
  let at = from
  if (typeof value === 'number') {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
    bytes[at] = rest
    return
  }
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes[at++] = Number(rest & 0x7fn) | 0x80
  bytes[at] = Number(rest)
}

/** So many bytes of a number are exact without BigInt. */
const SAFE_BYTES = 7

/** No number is longer. */
const VARINT_BYTES_MAX = 10

function cutOff(): RangeError {
  return new RangeError('a message is cut off')
}

const VARINT = 0
const FIXED_64 = 1
const CHUNK = 2
const FIXED_32 = 5

/**
 * Reads a message field by field: `next` goes to a field, and the others tell its value, which is decoded only when it is asked
 * for. Where a field comes twice, the last one counts.
 */
export class MessageReader {
  readonly #buffer: Buffer
  readonly #end: number
  #at: number
  /** Of the value. */
  #from = 0
  #type: number = VARINT

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = 0
    this.#end = bytes.length
  }

  /**
   * The number of the next field; 0 behind the last one.
   *
   * @throws RangeError for what is no message
   */
  next(): number {
    if (this.#at === this.#end) return 0
    const tag = this.#size()
    this.#type = tag & 7
    this.#from = this.#at
    switch (this.#type) {
      case VARINT:
        this.#at = this.#behindVarint()
        break
      case FIXED_64:
        this.#at += 8
        break
      case CHUNK: {
        const length = this.#size()
        this.#from = this.#at
        this.#at += length
        break
      }
      case FIXED_32:
        this.#at += 4
        break
      default:
        throw new RangeError(`a message has a field of type ${tag & 7}`)
    }
    if (this.#at > this.#end) throw cutOff()
    if (tag < 8) throw new RangeError('a message has a field without a number')
    return tag >>> 3
  }

  /** As a signed number of 64 bits that a number of JavaScript holds; revisions and counts do. */
  number(): number {
    if (this.#type !== VARINT) return 0
    return this.#at - this.#from <= SAFE_BYTES ? this.#low(this.#at) : Number(BigInt.asIntN(64, this.id()))
  }

  /** An id, which uses all 64 bits. */
  id(): bigint {
    if (this.#type !== VARINT) return 0n
    const safe = this.#from + SAFE_BYTES
    if (this.#at <= safe) return BigInt(this.#low(this.#at))
    let high = 0
    for (let at = this.#at - 1; at >= safe; at--) high = high * 0x80 + ((this.#buffer[at] as number) & 0x7f)
    return BigInt.asUintN(64, (BigInt(high) << BigInt(SAFE_BYTES * 7)) | BigInt(this.#low(safe)))
  }

  flag(): boolean {
    return this.number() !== 0
  }

  bytes(): Uint8Array {
    return this.#type === CHUNK ? this.#buffer.subarray(this.#from, this.#at) : new Uint8Array()
  }

  text(): string {
    return this.#type === CHUNK ? this.#buffer.toString('utf8', this.#from, this.#at) : ''
  }

  message(): MessageReader {
    return new MessageReader(this.bytes())
  }

  /** The first bytes of the value as a number. */
  #low(end: number): number {
    let value = 0
    for (let at = end - 1; at >= this.#from; at--)
      value = value * 0x80 + ((this.#buffer[at] as number) & 0x7f)
    return value
  }

  /** A tag or a length. */
  #size(): number {
    this.#from = this.#at
    this.#at = this.#behindVarint()
    if (this.#at - this.#from > SAFE_BYTES) throw cutOff()
    return this.#low(this.#at)
  }

  #behindVarint(): number {
    for (let at = this.#at; at < this.#end && at < this.#at + VARINT_BYTES_MAX; at++)
      if ((this.#buffer[at] as number) < 0x80) return at + 1
    throw cutOff()
  }
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
