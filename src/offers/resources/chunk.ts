import type { PortRanges } from '../../core/index.js'
import {
  canonicalJson,
  containsPortRanges,
  countPorts,
  equalPortRanges,
  fromThousandths,
  portRangesOf,
  subtractPortRanges,
  toThousandths,
  unionPortRanges,
} from '../../core/internal.js'
import type { Resource, ResourceReservation } from './resource.js'
import { isIndivisible, isSpans } from './resource.js'
import { SPAN_MAX } from './resource-check.js'

/** A value ready for arithmetic: thousandths, joined ranges, or sorted members. */
export type HeldValue = number | PortRanges | readonly string[]

/**
 * All of one kind that a set holds. What can be split is one chunk with the sum as its value; what cannot is
 * one chunk for each size, and `copies` says how many there are.
 */
export interface Chunk {
  /** Equal for chunks that merge. */
  readonly key: string
  /** Everything but the value. */
  readonly kind: Omit<Resource, 'value'>
  readonly value: HeldValue
  readonly indivisible: boolean
  readonly copies: number
}

/** A checked resource as a chunk; undefined when there is nothing in it. */
export function chunkOf(resource: Resource): Chunk | undefined {
  const value = heldValue(resource)
  if (isNothing(value)) return undefined
  const indivisible = isIndivisible(resource)
  if (isPlain(resource))
    return {
      key: plainKey(resource.name, value),
      kind: { name: resource.name },
      value,
      indivisible,
      copies: 1,
    }
  const kind = normalKind(resource)
  const identity = indivisible ? { ...kind, value: resource.value } : { ...kind, type: typeOf(value) }
  return { key: canonicalJson(identity), kind, value, indivisible, copies: 1 }
}

/** The chunk with another value; undefined when that is nothing. */
export function withValue(chunk: Chunk, value: HeldValue): Chunk | undefined {
  if (isNothing(value)) return undefined
  // Not spread: every launch makes some of these.
  const { key, kind, indivisible, copies } = chunk
  return { key, kind, value, indivisible, copies }
}

/** The chunk as a resource; what has several copies comes as often. */
export function resourceOf({ kind, value }: Chunk): Resource {
  return { ...kind, value: publicValue(value) }
}

/** An unreserved, non-revocable scalar of the agent itself: the bulk of every cluster. */
export function isPlainScalar({ key }: Chunk): boolean {
  return key.startsWith('scalar ')
}

/** The chunk of one unit of an unreserved scalar, of which others are made by `withValue`. */
export function plainScalar(name: string): Chunk {
  return { key: plainKey(name, 1), kind: { name }, value: 1, indivisible: false, copies: 1 }
}

/** The amount of a value in thousandths; items of ranges and sets count whole. */
export function amountOf(value: HeldValue): number {
  if (typeof value === 'number') return value
  return (isSpans(value) ? countPorts(value as PortRanges) : value.length) * 1000
}

export function plusValue(a: HeldValue, b: HeldValue): HeldValue {
  if (typeof a === 'number') return a + (b as number)
  if (isSpans(a)) return unionPortRanges(a, b as PortRanges)
  return [...new Set([...a, ...(b as readonly string[])])].sort()
}

export function minusValue(a: HeldValue, b: HeldValue): HeldValue {
  if (typeof a === 'number') return Math.max(0, a - (b as number))
  if (isSpans(a)) return subtractPortRanges(a, b as PortRanges)
  const less = new Set(b as readonly string[])
  return a.filter(member => !less.has(member))
}

export function containsValue(a: HeldValue, b: HeldValue): boolean {
  if (typeof a === 'number') return a >= (b as number)
  if (isSpans(a)) return containsPortRanges(a, b as PortRanges)
  const have = new Set(a)
  return (b as readonly string[]).every(member => have.has(member))
}

export function equalValues(a: HeldValue, b: HeldValue): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b
  if (isSpans(a) && isSpans(b)) return equalPortRanges(a, b)
  return a.length === b.length && a.every((member, index) => member === b[index])
}

function heldValue({ value }: Resource): HeldValue {
  if (typeof value === 'number') return toThousandths(value)
  if (isSpans(value)) return portRangesOf(value, { max: SPAN_MAX })
  return [...new Set(value)].sort()
}

function publicValue(value: HeldValue): Resource['value'] {
  return typeof value === 'number' ? fromThousandths(value) : value
}

function isNothing(value: HeldValue): boolean {
  return typeof value === 'number' ? value <= 0 : value.length === 0
}

function typeOf(value: HeldValue): 'scalar' | 'ranges' | 'set' {
  return typeof value === 'number' ? 'scalar' : isSpans(value) ? 'ranges' : 'set'
}

function plainKey(name: string, value: HeldValue): string {
  return `${typeOf(value)} ${name}`
}

function isPlain({ reservations, disk, revocable, provider }: Resource): boolean {
  return (
    (reservations === undefined || reservations.length === 0) &&
    disk === undefined &&
    revocable !== true &&
    provider === undefined
  )
}

/** The kind in one form per meaning: defaults written out or left out, labels sorted. */
function normalKind({
  name,
  reservations = [],
  disk,
  revocable,
  provider,
}: Resource): Omit<Resource, 'value'> {
  return Object.freeze({
    name,
    ...(reservations.length > 0 && { reservations: Object.freeze(reservations.map(normalLayer)) }),
    ...(disk !== undefined && { disk: Object.freeze({ ...disk }) }),
    ...(revocable === true && { revocable }),
    ...(provider !== undefined && { provider }),
  })
}

function normalLayer({
  role,
  kind,
  principal,
  labels,
  expiresAtMs,
}: ResourceReservation): ResourceReservation {
  const names = Object.keys(labels ?? {}).sort()
  return Object.freeze({
    role,
    kind: kind ?? 'dynamic',
    ...(principal !== undefined && { principal }),
    ...(names.length > 0 && { labels: Object.fromEntries(names.map(name => [name, labels?.[name] ?? ''])) }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  })
}
