import { InvalidError } from '../../core/index.js'
import { ipBytes } from '../../core/internal.js'
import { lowerCase, nameLabels } from './dns-name.js'
import type { DnsRecord, OpaqueRecord } from './dns-record.js'
import { recordTypeCode } from './dns-record.js'

/** Where a writer stood: its length, and how many compression targets it knew. */
export interface WriterMark {
  readonly length: number
  readonly targets: number
}

const POINTER_MAX = 0x3fff

/** Appends DNS wire data to a growing buffer, with name compression (RFC 1035 4.1.4). */
export class DnsWriter {
  #bytes = new Uint8Array(512)
  #length = 0
  /** Offsets of names written so far, by their comparison key; insertion order is offset order. */
  readonly #targets = new Map<string, number>()

  get length(): number {
    return this.#length
  }

  mark(): WriterMark {
    return { length: this.#length, targets: this.#targets.size }
  }

  /** Takes back everything written since the mark. */
  rewind(mark: WriterMark): void {
    this.#length = mark.length
    let index = 0
    for (const key of this.#targets.keys()) if (index++ >= mark.targets) this.#targets.delete(key)
  }

  u8(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  u16(value: number): void {
    this.u8(value >>> 8)
    this.u8(value & 255)
  }

  u32(value: number): void {
    this.u16(Math.floor(value / 65_536) & 0xffff)
    this.u16(value & 0xffff)
  }

  put(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Overwrites two bytes that were written before. */
  patchU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8
    this.#bytes[at + 1] = value & 255
  }

  /**
   * @param compress whether a pointer may be used; the target of SRV is always written out (RFC 2782)
   * @throws InvalidError when the name does not fit on the wire
   */
  name(name: string, compress = true): void {
    const labels = nameLabels(name)
    if (labels === undefined)
      throw invalid('name', name, 'must have labels of 1 to 63 bytes and at most 255 bytes in all')
    const keys = compress ? suffixKeys(labels) : []
    for (const [i, label] of labels.entries()) {
      const key = keys[i]
      const target = key === undefined ? undefined : this.#targets.get(key)
      if (target !== undefined) {
        this.u16(0xc000 | target)
        return
      }
      if (key !== undefined && this.#length <= POINTER_MAX) this.#targets.set(key, this.#length)
      this.u8(label.length)
      for (let at = 0; at < label.length; at++) this.u8(label.charCodeAt(at))
    }
    this.u8(0)
  }

  /** @throws InvalidError when a field does not fit on the wire */
  record(record: DnsRecord): void {
    this.name(record.name)
    this.u16(recordTypeCode(record))
    this.u16(record.type === 'OPAQUE' ? record.classCode : 1)
    this.u32(record.ttl)
    const at = this.#length
    this.u16(0)
    if (record.type === 'OPAQUE') this.put(record.bytes)
    else this.#data(record)
    this.patchU16(at, this.#length - at - 2)
  }

  #data(record: Exclude<DnsRecord, OpaqueRecord>): void {
    switch (record.type) {
      case 'A':
      case 'AAAA': {
        const bytes = ipBytes(record.address)
        if (bytes?.length !== (record.type === 'A' ? 4 : 16))
          throw invalid('address', record.address, `must be what ${record.type} holds`)
        return this.put(bytes)
      }
      case 'CNAME':
      case 'NS':
      case 'PTR':
        return this.name(record.target)
      case 'SRV':
        for (const value of [record.priority, record.weight, record.port]) this.u16(value)
        return this.name(record.target, false)
      case 'TXT':
        for (const text of record.strings) this.#text(text)
        return
      case 'SOA':
        this.name(record.primary)
        this.name(record.mailbox)
        for (const value of [record.serial, record.refresh, record.retry, record.expire, record.minimum])
          this.u32(value)
    }
  }

  #text(text: string): void {
    if (text.length > 255) throw invalid('strings', text, 'must be at most 255 bytes each')
    this.u8(text.length)
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i) & 255)
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + by))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

/** One key per suffix of the name; equal keys mean equal names. No label character is above 255. */
function suffixKeys(labels: readonly string[]): readonly string[] {
  const keys = new Array<string>(labels.length)
  let key = ''
  for (let i = labels.length - 1; i >= 0; i--) {
    key = `${lowerCase(labels[i] as string)}\u0100${key}`
    keys[i] = key
  }
  return keys
}

function invalid(field: string, value: string, message: string): InvalidError {
  return new InvalidError('DNS record', [{ field, value, message }])
}
