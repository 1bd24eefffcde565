import { InvalidError } from '../../core/index.js'
import { compareText } from '../../core/internal.js'
import { fnv1a32 } from '../structures/fnv1a.js'
import type { Balancer, Candidate } from './balancer.js'
import { weighted } from './balancer.js'

/** Where a candidate's preferences begin, and how far they are apart. */
export interface MaglevPermutation {
  readonly offset: number
  readonly skip: number
  /** Default 1. */
  readonly weight?: number
}

/** Slots of a table; a prime, more than a hundred times the number of candidates keeps shares within 1 %. */
const TABLE_SIZE = 65_537

/**
 * The lookup table of Maglev: candidates take turns, each taking its next preferred slot that is free, until all are
 * taken; round t skips a candidate while t · weight is below what it has been given turns for. An entry that is undefined
 * is not there, the others keep their numbers. Sources: Eisenbud et al., Maglev (2016), 3.4; Envoy for weights.
 *
 * @throws InvalidError when the size is no prime
 */
export function maglevTable(
  permutations: readonly (MaglevPermutation | undefined)[],
  size: number = TABLE_SIZE,
): Int32Array {
  assertPrime(size)
  const table = new Int32Array(size).fill(-1)
  const present = permutations.flatMap((permutation, index) => {
    if (permutation === undefined || permutation.weight === 0) return []
    const { offset, skip, weight = 1 } = permutation
    return [{ index, at: offset, skip, weight, target: 0 }]
  })
  if (present.length === 0) return table
  const most = Math.max(...present.map(({ weight }) => weight))
  let left = size
  for (let round = 1; ; round++) {
    for (const entry of present) {
      if (round * entry.weight < entry.target) continue
      entry.target += most
      while (table[entry.at] !== -1) entry.at = next(entry.at, entry.skip, size)
      table[entry.at] = entry.index
      if (--left === 0) return table
      entry.at = next(entry.at, entry.skip, size)
    }
  }
}

function next(at: number, skip: number, size: number): number {
  const sum = at + skip
  return sum < size ? sum : sum - size
}

/** Where a candidate's preferences are: from FNV-1a of its name, the same on every host. */
export function maglevPermutation(name: string, size: number = TABLE_SIZE): MaglevPermutation {
  return { offset: fnv1a32(`o:${name}`) % size, skip: (fnv1a32(`s:${name}`) % (size - 1)) + 1 }
}

/**
 * Consistent hashing of keys by Maglev: equal keys go to one candidate, and few move when candidates change. A pick costs
 * O(1); an update O(table). An excluded candidate's keys go on to the slots behind.
 *
 * @throws InvalidError when the size is no prime
 */
export function createMaglev(size: number = TABLE_SIZE): Balancer {
  assertPrime(size)
  let ids: readonly string[] = []
  let table: Int32Array = new Int32Array(0)
  return {
    update: candidates => {
      const sorted = weighted(candidates).toSorted((a: Candidate, b: Candidate) => compareText(a.id, b.id))
      ids = sorted.map(({ id }) => id)
      const permutations = sorted.map(({ id, weight }) => {
        const { offset, skip } = maglevPermutation(id, size)
        return { offset, skip, weight }
      })
      table = maglevTable(permutations, size)
    },
    pick: ({ key = '', excluded } = {}) => {
      const hash = fnv1a32(key)
      for (let step = 0; step < size && ids.length > 0; step++) {
        const id = ids[table[(hash + step) % size] as number]
        if (id !== undefined && excluded?.has(id) !== true) return id
      }
      return undefined
    },
  }
}

function assertPrime(size: number): void {
  let isPrime = Number.isSafeInteger(size) && size > 1 && size <= 2 ** 24
  for (let n = 2; isPrime && n * n <= size; n++) isPrime = size % n !== 0
  if (!isPrime)
    throw new InvalidError('Maglev', [
      { field: 'size', value: size, message: 'must be prime, at most 2^24: the table size must be prime' },
    ])
}
