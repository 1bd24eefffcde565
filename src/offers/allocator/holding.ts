import type { Chunk } from '../resources/chunk.js'
import { amountOf, isPlainScalar } from '../resources/chunk.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { Columns, Vector } from './columns.js'
import { addTo, containsVector, isZero } from './columns.js'

/**
 * Resources with the bulk of them, unreserved scalars that may be kept, as a vector. The rest, `special`, is few:
 * reservations, volumes, devices, ranges, sets, revocables.
 */
export interface Holding {
  readonly plain: Vector
  readonly special: ResourceSet
}

export const NOTHING: Holding = { plain: [], special: ResourceSet.empty }

export function holdingOf(set: ResourceSet, columns: Columns): Holding {
  const plain: number[] = []
  let special: Chunk[] | undefined
  for (const chunk of set.chunks) {
    if (isPlainScalar(chunk)) {
      const column = columns.indexOf(chunk.kind.name)
      while (plain.length <= column) plain.push(0)
      plain[column] = chunk.value as number
    } else (special ??= []).push(chunk)
  }
  return { plain, special: special === undefined ? ResourceSet.empty : ResourceSet.ofChunks(special) }
}

export function setOf({ plain, special }: Holding, columns: Columns): ResourceSet {
  return ResourceSet.ofScalars(columns.units, plain, special.chunks)
}

export function isEmptyHolding({ plain, special }: Holding): boolean {
  return special.isEmpty && isZero(plain)
}

export function containsHolding(have: Holding, asked: Holding): boolean {
  return (
    containsVector(have.plain, asked.plain) && (asked.special.isEmpty || have.special.contains(asked.special))
  )
}

export function equalHoldings(a: Holding, b: Holding): boolean {
  return (
    containsVector(a.plain, b.plain) &&
    containsVector(b.plain, a.plain) &&
    (a.special === b.special || a.special.equals(b.special))
  )
}

export function plusHolding(a: Holding, b: Holding): Holding {
  const plain = a.plain.slice()
  addTo(plain, b.plain)
  return { plain, special: a.special.plus(b.special) }
}

/** Undefined when `b` is not contained. */
export function tryMinusHolding(a: Holding, b: Holding): Holding | undefined {
  const special = a.special.tryMinus(b.special)
  if (special === undefined || !containsVector(a.plain, b.plain)) return undefined
  const plain = a.plain.slice()
  addTo(plain, b.plain, -1)
  return { plain, special }
}

/** Whether quota bounds the chunk: a scalar that is unreserved and may be kept. Reservations count by themselves. */
export function isBounded({ kind, value }: Chunk): boolean {
  return typeof value === 'number' && kind.revocable !== true && (kind.reservations?.length ?? 0) === 0
}

/** Whether the chunk stays available while it is in use. */
export function isSharedVolume({ kind }: Chunk): boolean {
  return kind.disk?.volume?.shared === true
}

/** What quota counts, by column. */
export function boundedVector({ plain, special }: Holding, columns: Columns): Vector {
  if (special.isEmpty) return plain
  const vector = [...plain]
  for (const chunk of special.chunks) if (isBounded(chunk)) addChunk(vector, chunk, columns)
  return vector
}

/** All scalars by column, which is what shares are made of. */
export function scalarVector({ plain, special }: Holding, columns: Columns): Vector {
  if (special.isEmpty) return plain
  const vector = [...plain]
  for (const chunk of special.chunks) if (typeof chunk.value === 'number') addChunk(vector, chunk, columns)
  return vector
}

/** Scalars, and how many items there are of ranges and sets, a thousand for each. */
export function countVector({ plain, special }: Holding, columns: Columns): Vector {
  if (special.isEmpty) return plain
  const vector = [...plain]
  for (const chunk of special.chunks) addChunk(vector, chunk, columns)
  return vector
}

function addChunk(vector: number[], { kind, value, copies }: Chunk, columns: Columns): void {
  const column = columns.indexOf(kind.name)
  while (vector.length <= column) vector.push(0)
  const times = kind.disk?.volume?.shared === true ? 1 : copies
  vector[column] = (vector[column] as number) + amountOf(value) * times
}
