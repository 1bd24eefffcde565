/** A text, a finite number, or a list of them that counts as one value: `'n1'`, `5`, `['n1', 5]`. */
export type IndexedValue = string | number | readonly (string | number)[]

const PART_END = '\u0000'
const NUMBER = '\u0001'
const ESCAPE = '\u0002'
/** From a mark to what stands for it after an escape, which is none of the marks. */
const SHIFT = 3

/** A value with more parts than this encoding is below the encoding with this at its end; any other value is not. */
export const AFTER_PART_END: string = NUMBER

/** The sign of a double, in the higher of its two words. */
const SIGN = 0x80000000

/**
 * An index value as text that compares as the value does: part by part, numbers before texts, numbers as numbers,
 * texts by their UTF-16 units, a shorter value before the longer ones that begin with it. Most texts are their own
 * encoding. Undefined for what is no value.
 */
export function encodeValue(value: unknown): string | undefined {
  if (!Array.isArray(value)) return encodePart(value)
  if (value.length === 0) return undefined
  const parts: string[] = []
  for (const part of value) {
    const text = encodePart(part)
    if (text === undefined) return undefined
    parts.push(text)
  }
  return parts.join(PART_END)
}

/** The value of an encoding; a list of one part reads as that part. */
export function decodeValue(text: string): IndexedValue {
  const [first = '', ...others] = text.split(PART_END).map(decodePart)
  return others.length === 0 ? first : [first, ...others]
}

function encodePart(part: unknown): string | undefined {
  if (typeof part === 'string') return encodeText(part)
  return typeof part === 'number' && Number.isFinite(part) ? encodeNumber(part) : undefined
}

function decodePart(text: string): string | number {
  return text.startsWith(NUMBER) ? decodeNumber(text) : decodeText(text)
}

/** A text as one part. The three marks do not occur as themselves. */
export function encodeText(text: string): string {
  if (text === '') return ESCAPE
  if (!text.includes(PART_END) && !text.includes(NUMBER) && !text.includes(ESCAPE)) return text
  let encoded = ''
  for (const unit of text.split(''))
    encoded += unit <= ESCAPE ? ESCAPE + String.fromCharCode(unit.charCodeAt(0) + SHIFT) : unit
  return encoded
}

function decodeText(text: string): string {
  if (text === ESCAPE) return ''
  const [first = '', ...others] = text.split(ESCAPE)
  return first + others.map(rest => String.fromCharCode(rest.charCodeAt(0) - SHIFT) + rest.slice(1)).join('')
}

/** The bits of a positive double have its order; those of a negative one the opposite. */
function encodeNumber(value: number): string {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value === 0 ? 0 : value)
  const high = bits.getUint32(0)
  const low = bits.getUint32(4)
  return high < SIGN ? NUMBER + hex(high + SIGN) + hex(low) : NUMBER + hex(~high >>> 0) + hex(~low >>> 0)
}

function decodeNumber(text: string): number {
  const bits = new DataView(new ArrayBuffer(8))
  const high = Number.parseInt(text.slice(1, 9), 16)
  const low = Number.parseInt(text.slice(9), 16)
  bits.setUint32(0, high < SIGN ? ~high >>> 0 : high - SIGN)
  bits.setUint32(4, high < SIGN ? ~low >>> 0 : low)
  return bits.getFloat64(0)
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
