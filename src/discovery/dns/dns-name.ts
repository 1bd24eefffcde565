/** Longest name on the wire, length bytes and root included (RFC 1035 2.3.4). */
const NAME_BYTES_MAX: number = 255
/** Longest label. */
const LABEL_BYTES_MAX: number = 63
/** Most pointers of one name: each of its labels, 127 at most, may be reached by one. More would only cost time. */
const POINTERS_MAX = 127
const DOT = 46
const BACKSLASH = 92

/** Where names are put together before they become text; in Latin-1 printable ASCII is what it is. */
const scratch = new Uint8Array(NAME_BYTES_MAX)
const latin1 = /* @__PURE__ */ new TextDecoder('latin1')

/** A name read from a message, and where reading continues. */
export interface NameRead {
  readonly name: string
  readonly end: number
}

/**
 * Reads a possibly compressed name. Bytes become one character each; dots, backslashes and unprintable bytes
 * inside a label are escaped as in zone files. Pointers may only go backwards, and at most 127 times, so reading ends
 * soon.
 *
 * @returns undefined for a label over 63 bytes, a name over 255, a forward pointer, too many of them or a cut-off name
 */
export function readName(bytes: Uint8Array, start: number): NameRead | undefined {
  return readPlainName(bytes, start) ?? readAnyName(bytes, start)
}

function readAnyName(bytes: Uint8Array, start: number): NameRead | undefined {
  let at = start
  let end = -1
  let limit = start
  let size = 1
  let pointers = 0
  let name = ''
  for (;;) {
    const length = bytes[at]
    if (length === undefined) return undefined
    if (length === 0) return { name: name === '' ? '.' : name, end: end < 0 ? at + 1 : end }
    if (length >= 0xc0) {
      const low = bytes[at + 1]
      if (low === undefined) return undefined
      const target = ((length & 0x3f) << 8) | low
      if (target >= limit || ++pointers > POINTERS_MAX) return undefined
      if (end < 0) end = at + 2
      at = target
      limit = target
      continue
    }
    size += length + 1
    if (length > LABEL_BYTES_MAX || size > NAME_BYTES_MAX || at + 1 + length > bytes.length) return undefined
    name += `${labelText(bytes, at + 1, at + 1 + length)}.`
    at += length + 1
  }
}

/** The name, if its bytes are all here and stand for themselves, as nearly all do: one text instead of many pieces. */
function readPlainName(bytes: Uint8Array, start: number): NameRead | undefined {
  let at = start
  let size = 0
  for (;;) {
    const length = bytes[at++]
    if (length === undefined || length > LABEL_BYTES_MAX || size + length + 1 >= NAME_BYTES_MAX)
      return undefined
    if (length === 0) break
    for (const end = at + length; at < end; at++) {
      const byte = bytes[at]
      if (byte === undefined || !isPlain(byte)) return undefined
      scratch[size++] = byte
    }
    scratch[size++] = DOT
  }
  return size === 0 ? undefined : { name: latin1.decode(scratch.subarray(0, size)), end: at }
}

function labelText(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    if (isPlain(byte)) text += String.fromCharCode(byte)
    else if (byte === DOT || byte === BACKSLASH) text += `\\${String.fromCharCode(byte)}`
    else text += `\\${String(byte).padStart(3, '0')}`
  }
  return text
}

/** Whether a byte stands for itself: printable, no dot and no backslash. */
function isPlain(byte: number): boolean {
  return byte > 32 && byte < 127 && byte !== DOT && byte !== BACKSLASH
}

/**
 * The labels of a name as byte strings (one character per byte), root label left out.
 *
 * @returns undefined for an empty label, a label over 63 bytes, a name over 255 bytes, or a bad escape
 */
export function nameLabels(name: string): readonly string[] | undefined {
  if (name === '.' || name === '') return []
  if (!name.includes('\\')) {
    const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.')
    return fits(labels) ? labels : undefined
  }
  const labels: string[] = []
  let label = ''
  for (let i = 0; i < name.length; i++) {
    const character = name[i] as string
    if (character === '.') {
      labels.push(label)
      label = ''
    } else if (character === '\\') {
      const digits = /^\d{3}/.exec(name.slice(i + 1, i + 4))?.[0]
      const next = name[i + 1]
      if (next === undefined || (digits !== undefined && Number(digits) > 255)) return undefined
      label += digits === undefined ? next : String.fromCharCode(Number(digits))
      i += digits === undefined ? 1 : 3
    } else label += character
  }
  if (label !== '') labels.push(label)
  return fits(labels) ? labels : undefined
}

function fits(labels: readonly string[]): boolean {
  let size = 1
  for (const label of labels) {
    if (label.length === 0 || label.length > LABEL_BYTES_MAX || !isByteText(label)) return false
    size += label.length + 1
  }
  return size <= NAME_BYTES_MAX
}

function isByteText(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return false
  return true
}

/** The form in which names are compared: ASCII lower case, with the root dot (RFC 4343). */
export function canonicalName(name: string): string {
  const lower = lowerCase(name)
  return hasRootDot(lower) ? lower : `${lower}.`
}

function hasUpperCase(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code >= 65 && code <= 90) return true
  }
  return false
}

/** Whether the name ends with a dot that is not escaped. */
function hasRootDot(name: string): boolean {
  if (name.charCodeAt(name.length - 1) !== DOT) return false
  let escapes = 0
  while (name.charCodeAt(name.length - 2 - escapes) === BACKSLASH) escapes++
  return escapes % 2 === 0
}

/**
 * Each label of a name behind its length, in ASCII lower case: equal for equal names only, whatever their labels hold,
 * which text with dots is not. What follows a label is the key of the name that it is in. Undefined as `nameLabels`.
 */
export function nameKey(name: string): string | undefined {
  return nameLabels(name)
    ?.map(label => String.fromCharCode(label.length) + lowerCase(label))
    .join('')
}

/** ASCII lower case. */
export function lowerCase(text: string): string {
  return hasUpperCase(text) ? text.replace(/[A-Z]+/g, upper => upper.toLowerCase()) : text
}

/**
 * The labels in front of `zone`, or undefined when the name is not in it. Both in canonical form; the result is
 * empty for the zone's own name.
 */
export function labelsUnder(name: string, zone: string): readonly string[] | undefined {
  if (name === zone) return []
  // Without a text `.${zone}`, which would be made for each question.
  const dotAt = name.length - zone.length - 1
  if (zone !== '.' && !(name.charCodeAt(dotAt) === 46 && name.endsWith(zone))) return undefined
  return labelsBefore(name, zone === '.' ? name.length - 1 : dotAt)
}

/** Those of the first characters of a name; as `split` does, in half of its time. */
function labelsBefore(name: string, end: number): readonly string[] | undefined {
  const labels: string[] = []
  let from = 0
  for (let at = 0; at <= end; at++) {
    const code = at === end ? DOT : name.charCodeAt(at)
    if (code === BACKSLASH) return nameLabels(name.slice(0, end))
    if (code !== DOT) continue
    labels.push(name.slice(from, at))
    from = at + 1
  }
  return labels
}
