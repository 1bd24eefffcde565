import { InvalidError } from '../errors.js'
import { assertKnown, knownOptions } from '../known-options.js'

/** Both ends belong to the range. */
export type PortRange = readonly [first: number, last: number]

/** Inclusive ranges, sorted, with a gap between any two; what every function here returns. Plain JSON. */
export type PortRanges = readonly PortRange[]

/** The highest port of TCP and UDP. */
const PORT_MAX = 65_535
/** Longest text that is parsed. */
const TEXT_LENGTH_MAX = 1_000_000
const PIECE_PATTERN = /^([0-9]{1,16})(?:-([0-9]{1,16}))?$/

/** Bounds of what is read. */
export interface PortRangesOptions {
  /** Highest number allowed; default 65,535. Ranges of other things than ports may go up to 2^53−1. */
  readonly max?: number
}

const PORT_RANGES_OPTIONS = /* @__PURE__ */ knownOptions<PortRangesOptions>('parsePortRanges', { max: true })

/**
 * Reads `31000-32000,8080`, and the same in brackets, as Mesos writes it: `[31000-32000, 8080-8080]`.
 * Empty text, or `[]`, is no port. Pieces may overlap and come in any order.
 *
 * @throws InvalidError when a piece is no number or range, goes backwards, or exceeds `max`
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { formatPortRanges, parsePortRanges } from 'keelson/core'
 *
 * const left = parsePortRanges('[31000-31001, 31003-31003, 31004-31004]')
 * assert.equal(formatPortRanges(left), '31000-31001,31003-31004')
 * ```
 */
export function parsePortRanges(text: string, options: PortRangesOptions = {}): PortRanges {
  assertKnown(options, PORT_RANGES_OPTIONS)
  if (text.length > TEXT_LENGTH_MAX) throw fault(text, `must have at most ${TEXT_LENGTH_MAX} characters`)
  const trimmed = text.trim()
  const inner = trimmed.startsWith('[') && trimmed.endsWith(']') ? trimmed.slice(1, -1) : trimmed
  if (inner.trim() === '') return []
  const pairs = inner.split(',').map((piece): PortRange => {
    const match = PIECE_PATTERN.exec(piece.replaceAll(' ', ''))
    if (match === null) throw fault(text, `${JSON.stringify(piece)} must look like 8080 or 31000-32000`)
    return [Number(match[1]), Number(match[2] ?? match[1])]
  })
  return portRangesOf(pairs, options)
}

/**
 * Sorts and joins ranges that overlap or touch.
 *
 * @throws InvalidError when a range goes backwards, or an end is no integer in `0..max`
 */
export function portRangesOf(
  pairs: Iterable<PortRange>,
  { max = PORT_MAX }: PortRangesOptions = {},
): PortRanges {
  const sorted: PortRange[] = []
  for (const [first, last] of pairs) {
    if (
      !Number.isSafeInteger(first) ||
      !Number.isSafeInteger(last) ||
      first < 0 ||
      last > max ||
      first > last
    ) {
      throw fault(`${first}-${last}`, `a range must be two integers in 0..${max}, the lower first`)
    }
    sorted.push([first, last])
  }
  return coalesce(sorted)
}

/** `31000-32000,8080` in ascending order; the empty text for no ports. */
export function formatPortRanges(ranges: PortRanges): string {
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}

/**
 * Two of the given ranges that share a number, if any two do.
 *
 * @internal
 */
export function overlappingPortRanges(
  pairs: Iterable<PortRange>,
): readonly [PortRange, PortRange] | undefined {
  const sorted = [...pairs].sort(byFirst)
  let widest: PortRange | undefined
  for (const range of sorted) {
    if (widest !== undefined && range[0] <= widest[1]) return [widest, range]
    if (widest === undefined || range[1] > widest[1]) widest = range
  }
  return undefined
}

/**
 * All numbers of either.
 */
export function unionPortRanges(a: PortRanges, b: PortRanges): PortRanges {
  return coalesce([...a, ...b])
}

/**
 * The numbers of `a` that are not in `b`; `b` need not be inside `a`.
 */
export function subtractPortRanges(a: PortRanges, b: PortRanges): PortRanges {
  const left: PortRange[] = []
  let index = 0
  for (const [first, last] of a) {
    let start = first
    while (index < b.length && b[index]![1] < start) index++
    for (let at = index; at < b.length && b[at]![0] <= last; at++) {
      const [cutFirst, cutLast] = b[at]!
      if (cutFirst > start) left.push([start, cutFirst - 1])
      start = cutLast + 1
    }
    if (start <= last) left.push([start, last])
  }
  return left
}

/**
 * The numbers of both.
 *
 * @internal
 */
export function intersectPortRanges(a: PortRanges, b: PortRanges): PortRanges {
  const shared: PortRange[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [aFirst, aLast] = a[i]!
    const [bFirst, bLast] = b[j]!
    const first = Math.max(aFirst, bFirst)
    const last = Math.min(aLast, bLast)
    if (first <= last) shared.push([first, last])
    if (aLast < bLast) i++
    else j++
  }
  return shared
}

/**
 * Whether every number of `b` is in `a`.
 */
export function containsPortRanges(a: PortRanges, b: PortRanges): boolean {
  let index = 0
  for (const [first, last] of b) {
    while (index < a.length && a[index]![1] < first) index++
    const range = a[index]
    if (range === undefined || first < range[0] || last > range[1]) return false
  }
  return true
}

/**
 * Whether one number is in the ranges. O(log ranges).
 */
export function hasPort(ranges: PortRanges, port: number): boolean {
  let low = 0
  let high = ranges.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const [first, last] = ranges[middle]!
    if (port < first) high = middle - 1
    else if (port > last) low = middle + 1
    else return true
  }
  return false
}

/**
 * Whether both cover the same numbers.
 */
export function equalPortRanges(a: PortRanges, b: PortRanges): boolean {
  return a.length === b.length && a.every(([first, last], i) => first === b[i]![0] && last === b[i]![1])
}

/**
 * How many numbers the ranges cover.
 */
export function countPorts(ranges: PortRanges): number {
  let count = 0
  for (const [first, last] of ranges) count += last - first + 1
  return count
}

/** Ports that were taken, in the order they were taken, and what is left. */
export interface TakenPorts {
  readonly taken: readonly number[]
  readonly rest: PortRanges
}

/**
 * Takes `count` numbers in ascending order, beginning with the one at index `start` among those covered, and
 * going on from the lowest after the highest. Undefined when there are fewer than `count`.
 *
 * @param start any integer ≥ 0, taken modulo the number of ports; default 0
 */
export function takePorts(ranges: PortRanges, count: number, start = 0): TakenPorts | undefined {
  const available = countPorts(ranges)
  if (count > available) return undefined
  if (count === 0) return { taken: [], rest: ranges }
  const offset = start % available
  const head = slice(ranges, offset, offset + count)
  const tail = slice(ranges, 0, offset + count - available)
  const taken = [...head, ...tail].flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i),
  )
  return { taken, rest: subtractPortRanges(ranges, coalesce([...head, ...tail])) }
}

/** The part of the ranges between two indexes among the covered numbers; the end is not included. */
function slice(ranges: PortRanges, from: number, to: number): PortRange[] {
  const part: PortRange[] = []
  let index = 0
  for (const [first, last] of ranges) {
    const size = last - first + 1
    const low = Math.max(from - index, 0)
    const high = Math.min(to - index, size)
    if (low < high) part.push([first + low, first + high - 1])
    index += size
  }
  return part
}

function byFirst(a: PortRange, b: PortRange): number {
  return a[0] - b[0] || a[1] - b[1]
}

/** Reorders its argument, which must be the caller's own. */
function coalesce(pairs: PortRange[]): PortRanges {
  const joined: PortRange[] = []
  for (const range of pairs.sort(byFirst)) {
    const previous = joined.at(-1)
    if (previous === undefined || range[0] > previous[1] + 1) joined.push(range)
    else if (range[1] > previous[1]) joined[joined.length - 1] = [previous[0], range[1]]
  }
  return joined
}

function fault(value: unknown, message: string): InvalidError {
  return new InvalidError('port ranges', [{ field: 'ports', value, message }])
}
