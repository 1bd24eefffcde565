import type { PortRanges } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { takePorts } from '../../core/internal.js'
import type { Chunk } from './chunk.js'
import {
  amountOf,
  chunkOf,
  containsValue,
  equalValues,
  minusValue,
  plusValue,
  resourceOf,
  withValue,
} from './chunk.js'
import type { Quantities, Thousandths } from './quantities.js'
import { quantitiesOf, thousandthsOf } from './quantities.js'
import type { Resource } from './resource.js'
import { isSpans, ownerOf } from './resource.js'
import { assertResource } from './resource-check.js'
import { isSubrole } from './role-name.js'

/** Most different chunks in one set. */
const CHUNKS_MAX = 100_000

/**
 * An immutable bag of resources with exact arithmetic. Make one with {@link resources}.
 *
 * Scalars count thousandths of their unit, so 0.1 + 0.2 is 0.3. Chunks of one kind merge; volumes and whole
 * devices stay what they are, and a shared volume that is added twice is held twice and counted once.
 */
export class ResourceSet implements Iterable<Resource> {
  static readonly #empty = new ResourceSet(new Map())
  readonly #chunks: ReadonlyMap<string, Chunk>

  /** @internal Chunks by their keys; `resources` checks and merges. */
  constructor(chunks: ReadonlyMap<string, Chunk>) {
    this.#chunks = chunks
  }

  /** Nothing. */
  static get empty(): ResourceSet {
    return ResourceSet.#empty
  }

  /** @internal */
  static ofChunks(chunks: Iterable<Chunk>): ResourceSet {
    const merged = new Map<string, Chunk>()
    for (const chunk of chunks) addChunk(merged, chunk)
    if (merged.size > CHUNKS_MAX) throw tooMany(merged.size)
    return merged.size === 0 ? ResourceSet.#empty : new ResourceSet(merged)
  }

  /** @internal Unreserved scalars, a unit of each, and thousandths side by side; then other chunks. */
  static ofScalars(
    units: readonly Chunk[],
    amounts: readonly number[],
    others: Iterable<Chunk> = [],
  ): ResourceSet {
    const merged = new Map<string, Chunk>()
    for (const [index, unit] of units.entries()) {
      const chunk = withValue(unit, amounts[index] ?? 0)
      if (chunk !== undefined) merged.set(chunk.key, chunk)
    }
    for (const chunk of others) addChunk(merged, chunk)
    return merged.size === 0 ? ResourceSet.#empty : new ResourceSet(merged)
  }

  /** @internal */
  get chunks(): Iterable<Chunk> {
    return this.#chunks.values()
  }

  get isEmpty(): boolean {
    return this.#chunks.size === 0
  }

  /** @internal Whether any chunk has the name. */
  has(name: string): boolean {
    for (const { kind } of this.#chunks.values()) if (kind.name === name) return true
    return false
  }

  /** How many chunks it would list. */
  get size(): number {
    let size = 0
    for (const { copies } of this.#chunks.values()) size += copies
    return size
  }

  /** The union. Ranges and sets join; scalars add up. */
  plus(other: ResourceSet): ResourceSet {
    if (other.isEmpty) return this
    if (this.isEmpty) return other
    const merged = new Map(this.#chunks)
    for (const chunk of other.#chunks.values()) addChunk(merged, chunk)
    return new ResourceSet(merged)
  }

  /**
   * The rest.
   *
   * @throws InvalidError when `other` is not contained; `tryMinus` answers undefined instead
   */
  minus(other: ResourceSet): ResourceSet {
    const rest = this.tryMinus(other)
    if (rest !== undefined) return rest
    const message = `must be contained in ${this.toString() || 'nothing'}; use tryMinus when it may not be`
    throw new InvalidError('resources', [{ field: 'other', value: other.toString(), message }])
  }

  /** The rest, or undefined when `other` is not contained. */
  tryMinus(other: ResourceSet): ResourceSet | undefined {
    if (other.isEmpty) return this
    const rest = new Map(this.#chunks)
    for (const asked of other.#chunks.values()) {
      const have = rest.get(asked.key)
      if (have === undefined || !holds(have, asked)) return undefined
      const left = lessen(have, asked)
      if (left === undefined) rest.delete(asked.key)
      else rest.set(asked.key, left)
    }
    return rest.size === 0 ? ResourceSet.#empty : new ResourceSet(rest)
  }

  /** What is in both, chunk by chunk. */
  common(other: ResourceSet): ResourceSet {
    const both = new Map<string, Chunk>()
    for (const [key, chunk] of this.#chunks) {
      const twin = other.#chunks.get(key)
      const shared = twin === undefined ? undefined : commonChunk(chunk, twin)
      if (shared !== undefined) both.set(key, shared)
    }
    return both.size === 0 ? ResourceSet.#empty : new ResourceSet(both)
  }

  /** Whether every chunk of `other`, or every total of the quantities, is in this. */
  contains(other: ResourceSet | Quantities): boolean {
    if (!(other instanceof ResourceSet)) return this.#containsTotals(thousandthsOf(other))
    for (const asked of other.#chunks.values()) {
      const have = this.#chunks.get(asked.key)
      if (have === undefined || !holds(have, asked)) return false
    }
    return true
  }

  equals(other: ResourceSet): boolean {
    if (this.#chunks.size !== other.#chunks.size) return false
    for (const [key, chunk] of this.#chunks) {
      const twin = other.#chunks.get(key)
      if (twin === undefined || twin.copies !== chunk.copies || !equalValues(twin.value, chunk.value))
        return false
    }
    return true
  }

  /**
   * Concrete chunks for the wanted totals, or undefined when there is too little: reservations of `role` first,
   * then those of its ancestors, nearest first, then what is unreserved. Never revocables, volumes or whole
   * devices. Of ranges it takes the lowest numbers.
   *
   * @param role default: unreserved only
   */
  take(wanted: Quantities, role?: string): ResourceSet | undefined {
    const taken = new Map<string, Chunk>()
    for (const [name, amount] of thousandthsOf(wanted)) {
      let missing = amount
      for (const chunk of this.#usable(name, role)) {
        if (missing === 0) break
        const part = partOf(chunk, missing)
        if (part === undefined) continue
        missing -= amountOf(part.value)
        taken.set(part.key, part)
      }
      if (missing > 0) return undefined
    }
    return taken.size === 0 ? ResourceSet.#empty : new ResourceSet(taken)
  }

  /** What may be split for the role, what is reserved nearest to it first. */
  #usable(name: string, role: string | undefined): readonly Chunk[] {
    const usable: Chunk[] = []
    for (const chunk of this.#chunks.values()) {
      const { kind, indivisible } = chunk
      if (kind.name === name && !indivisible && kind.revocable !== true && isOpenTo(kind, role))
        usable.push(chunk)
    }
    if (usable.length < 2) return usable
    return usable.sort((a, b) => ownerLength(b) - ownerLength(a))
  }

  /** What a framework of the role may use: unreserved, or reserved for the role or for a role above it. */
  allocatableTo(role: string): ResourceSet {
    return this.#where(({ kind }) => isOpenTo(kind, role))
  }

  /** What is reserved for exactly this role, or for any role when none is given. */
  reserved(role?: string): ResourceSet {
    return this.#where(({ kind }) => {
      const owner = ownerOf(kind as Resource)
      return role === undefined ? owner !== undefined : owner === role
    })
  }

  /** The chunks that a test accepts. */
  filter(accepts: (resource: Resource) => boolean): ResourceSet {
    return this.#where(chunk => accepts(resourceOf(chunk)))
  }

  /** Totals of scalars by name, everything included; shared volumes count once. */
  quantities(): Quantities {
    return quantitiesOf(this.thousandths())
  }

  /** The same totals in thousandths. */
  thousandths(): Thousandths {
    const totals = new Map<string, number>()
    for (const { kind, value, copies } of this.#chunks.values()) {
      if (typeof value !== 'number') continue
      const times = kind.disk?.volume?.shared === true ? 1 : copies
      totals.set(kind.name, (totals.get(kind.name) ?? 0) + value * times)
    }
    return totals
  }

  *[Symbol.iterator](): IterableIterator<Resource> {
    for (const chunk of [...this.#chunks.values()].sort(byName)) {
      for (let copy = 0; copy < chunk.copies; copy++) yield resourceOf(chunk)
    }
  }

  /** The chunks in the order of names, unreserved first. */
  toJSON(): readonly Resource[] {
    return [...this]
  }

  /** Mesos' text when that says it all, such as `cpus:4;ports:[31000-32000]`; JSON otherwise. `resources` reads both. */
  toString(): string {
    const list = this.toJSON()
    const parts = list.map(plainText)
    return parts.includes(undefined) ? JSON.stringify(list) : parts.join(';')
  }

  #where(accepts: (chunk: Chunk) => boolean): ResourceSet {
    const kept = new Map<string, Chunk>()
    for (const [key, chunk] of this.#chunks) if (accepts(chunk)) kept.set(key, chunk)
    if (kept.size === this.#chunks.size) return this
    return kept.size === 0 ? ResourceSet.#empty : new ResourceSet(kept)
  }

  #containsTotals(wanted: Thousandths): boolean {
    const have = this.thousandths()
    for (const [name, amount] of wanted) if ((have.get(name) ?? 0) < amount) return false
    return true
  }
}

/** Whether chunks of the kind may be used by the role; without a role, whether they are unreserved. */
export function isOpenTo(kind: Omit<Resource, 'value'>, role: string | undefined): boolean {
  const owner = kind.reservations?.at(-1)?.role
  return owner === undefined || (role !== undefined && isSubrole(role, owner))
}

/** Checks resources and makes a chunk of each that is not empty. */
export function chunksOf(list: Iterable<Resource>): Chunk[] {
  const chunks: Chunk[] = []
  for (const resource of list) {
    assertResource(resource)
    const chunk = chunkOf(resource)
    if (chunk !== undefined) chunks.push(chunk)
  }
  return chunks
}

/** By name, unreserved first. */
function byName(a: Chunk, b: Chunk): number {
  if (a.kind.name !== b.kind.name) return a.kind.name < b.kind.name ? -1 : 1
  const depth = (a.kind.reservations?.length ?? 0) - (b.kind.reservations?.length ?? 0)
  return depth !== 0 ? depth : a.key < b.key ? -1 : 1
}

function ownerLength({ kind }: Chunk): number {
  return ownerOf(kind as Resource)?.length ?? 0
}

function addChunk(merged: Map<string, Chunk>, chunk: Chunk): void {
  const have = merged.get(chunk.key)
  if (have === undefined) merged.set(chunk.key, chunk)
  else if (chunk.indivisible) merged.set(chunk.key, { ...have, copies: have.copies + chunk.copies })
  else merged.set(chunk.key, { ...have, value: plusValue(have.value, chunk.value) })
}

function commonChunk(a: Chunk, b: Chunk): Chunk | undefined {
  if (a.indivisible) return a.copies <= b.copies ? a : b
  return withValue(a, minusValue(a.value, minusValue(a.value, b.value)))
}

function holds(have: Chunk, asked: Chunk): boolean {
  return asked.indivisible ? have.copies >= asked.copies : containsValue(have.value, asked.value)
}

function lessen(have: Chunk, asked: Chunk): Chunk | undefined {
  if (!asked.indivisible) return withValue(have, minusValue(have.value, asked.value))
  return have.copies === asked.copies ? undefined : { ...have, copies: have.copies - asked.copies }
}

/** At most `amount` of the chunk; undefined when nothing of it can be had. */
function partOf(chunk: Chunk, amount: number): Chunk | undefined {
  if (typeof chunk.value === 'number') return withValue(chunk, Math.min(chunk.value, amount))
  const count = Math.min(Math.floor(amount / 1000), amountOf(chunk.value) / 1000)
  if (!isSpans(chunk.value)) return withValue(chunk, (chunk.value as readonly string[]).slice(0, count))
  const rest = takePorts(chunk.value, count)?.rest ?? chunk.value
  return withValue(chunk, minusValue(chunk.value, rest as PortRanges))
}

/** `cpus:4`, `cpus(role):4`; undefined for whatever Mesos' short text cannot say. */
function plainText({
  name,
  value,
  reservations = [],
  disk,
  revocable,
  provider,
}: Resource): string | undefined {
  const [layer, ...more] = reservations
  const simple =
    layer === undefined ||
    (layer.kind === 'static' &&
      layer.principal === undefined &&
      layer.labels === undefined &&
      layer.expiresAtMs === undefined)
  if (!simple || more.length > 0 || disk !== undefined || revocable === true || provider !== undefined)
    return undefined
  const text = valueText(value)
  if (text === undefined || /[():;\s]/.test(name) || /^[[{]/.test(name)) return undefined
  return `${name}${layer === undefined ? '' : `(${layer.role})`}:${text}`
}

function valueText(value: Resource['value']): string | undefined {
  if (typeof value === 'number') return decimalText(value)
  if (isSpans(value)) return `[${value.map(([first, last]) => `${first}-${last}`).join(', ')}]`
  const odd = value.some(member => member === '' || /[{},;:()[\]\s]/.test(member))
  return odd ? undefined : `{${value.join(', ')}}`
}

/** Without an exponent: amounts have three decimals and at most twelve digits before. */
function decimalText(value: number): string {
  return value.toFixed(3).replace(/\.?0+$/, '')
}

function tooMany(count: number): InvalidError {
  return new InvalidError('resources', [
    { field: 'chunks', value: count, message: `must be at most ${CHUNKS_MAX} different chunks` },
  ])
}
