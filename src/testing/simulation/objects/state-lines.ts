import type { StoredObject } from '../../../store/index.js'

/** A uid, a time of day, epoch milliseconds of this century's next decades, or what the store appends to a prefix. */
const TOKENS =
  /(uid-\d{6})|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|(?<![\w.])[12]\d{12}(?![\w.]))|-[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z\d])/g
const GENERATED = /-[bcdfghjklmnpqrstvwxz2456789]{5}$/
const GENERATED_LENGTH = 6
/** In the place of each sort of token. */
const MASKS = { uid: '\u0001', time: '\u0002', suffix: '\u0003' }

/** Something in a line that chance, or time, has made. */
interface Token {
  readonly sort: keyof typeof MASKS
  readonly text: string
  /** Of a time, epoch milliseconds. */
  readonly atMs: number
}

/** A line of what is said of a state. The same text is the same line. */
export interface Line {
  /** The same for lines that differ in tokens only. */
  readonly mask: number
  readonly tokens: readonly Token[]
}

/**
 * Reads each line once, however many states it is part of: most of what is said of a state was said of others. States
 * of which one of these tells the same have the same words, also those of two worlds.
 */
export class StateLines {
  readonly #lines = new Map<string, Line>()
  readonly #masks = new Map<string, number>()

  of(text: string): Line {
    let line = this.#lines.get(text)
    if (line === undefined) {
      line = this.#read(text)
      this.#lines.set(text, line)
    }
    return line
  }

  /**
   * Blocks of lines as a text that two worlds share when they differ in nothing but chance: uids and generated names are
   * called by the order in which they come up, times say how many seconds ago they were.
   */
  textOf(blocks: readonly (readonly Line[])[], objects: readonly StoredObject[], nowMs: number): string {
    const generated = suffixesOf(objects)
    // What differs in names of chance only is in one order, whatever the chance.
    const ordered = generated.size === 0 ? blocks : blocks.toSorted(byMask)
    const called = new Map<string, number>()
    const units: number[] = []
    for (const block of ordered) {
      put(units, block.length)
      for (const { mask, tokens } of block) {
        put(units, mask)
        for (const token of tokens) {
          const { sort, text, atMs } = token
          if (sort === 'time') put(units, Math.floor((nowMs - atMs) / 1_000))
          else if (sort === 'suffix' && !generated.has(text)) put(units, -1 - this.#maskOf(text))
          else put(units, numberOf(text, called))
        }
      }
    }
    return textOfUnits(units)
  }

  #read(text: string): Line {
    const tokens: Token[] = []
    const masked = text.replace(TOKENS, (token: string, uid?: string, time?: string) => {
      const sort = uid !== undefined ? 'uid' : time !== undefined ? 'time' : 'suffix'
      const atMs = time === undefined ? 0 : /^\d+$/.test(time) ? Number(time) : Date.parse(time)
      tokens.push({ sort, text: token, atMs })
      return MASKS[sort]
    })
    return { mask: this.#maskOf(masked), tokens }
  }

  #maskOf(masked: string): number {
    let mask = this.#masks.get(masked)
    if (mask === undefined) {
      mask = this.#masks.size
      this.#masks.set(masked, mask)
    }
    return mask
  }
}

/** What the store has appended to the names of objects. */
function suffixesOf(objects: readonly StoredObject[]): ReadonlySet<string> {
  const suffixes = new Set<string>()
  for (const { metadata } of objects)
    if (GENERATED.test(metadata.name)) suffixes.add(metadata.name.slice(-GENERATED_LENGTH))
  return suffixes
}

function byMask(one: readonly Line[], other: readonly Line[]): number {
  for (let at = 0; at < one.length && at < other.length; at++) {
    const difference = (one[at] as Line).mask - (other[at] as Line).mask
    if (difference !== 0) return difference
  }
  return one.length - other.length
}

/** The first that comes up is 0. */
function numberOf(text: string, called: Map<string, number>): number {
  const known = called.get(text)
  if (known !== undefined) return known
  called.set(text, called.size)
  return called.size - 1
}

/** As two units of a text. */
function put(units: number[], value: number): void {
  units.push(value & 0xffff, value >>> 16)
}

/** A call takes only so many arguments. */
const UNITS_AT_ONCE = 4_096

function textOfUnits(units: readonly number[]): string {
  if (units.length <= UNITS_AT_ONCE) return String.fromCharCode(...units)
  let text = ''
  for (let at = 0; at < units.length; at += UNITS_AT_ONCE)
    text += String.fromCharCode(...units.slice(at, at + UNITS_AT_ONCE))
  return text
}
