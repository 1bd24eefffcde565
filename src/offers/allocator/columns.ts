import { InvalidError } from '../../core/index.js'
import type { Chunk } from '../resources/chunk.js'
import { plainScalar } from '../resources/chunk.js'
import type { Quantities, Thousandths } from '../resources/quantities.js'
import { quantitiesOf, thousandthsOf } from '../resources/quantities.js'

/** Amounts in thousandths by column. A column beyond the end is 0. */
export type Vector = readonly number[]

/** Most names of resources in one cluster. */
const NAMES_MAX = 1_000

/** Gives each name of a resource a column, in the order in which names turn up. */
export class Columns {
  readonly names: string[] = []
  /** A unit of each as an unreserved scalar. */
  readonly units: Chunk[] = []
  readonly #indexes = new Map<string, number>()

  has(name: string): boolean {
    return this.#indexes.has(name)
  }

  /** @throws InvalidError beyond 1,000 names */
  indexOf(name: string): number {
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    if (this.names.length >= NAMES_MAX) {
      const message = `must be at most ${NAMES_MAX} names of resources in a cluster`
      throw new InvalidError('resources', [{ field: 'name', value: name, message }])
    }
    this.#indexes.set(name, this.names.length)
    this.units.push(plainScalar(name))
    return this.names.push(name) - 1
  }

  /** Forgets the names that turned up after there were so many. */
  forgetAfter(count: number): void {
    for (const name of this.names.splice(count)) this.#indexes.delete(name)
    this.units.length = count
  }

  vectorOf(amounts: Thousandths, absent = 0): number[] {
    for (const name of amounts.keys()) this.indexOf(name)
    const vector: number[] = this.names.map(() => absent)
    for (const [name, amount] of amounts) vector[this.indexOf(name)] = amount
    return vector
  }

  vectorOfQuantities(quantities: Quantities, absent = 0): number[] {
    return this.vectorOf(thousandthsOf(quantities, { keepZeros: true }), absent)
  }

  /** Only what is positive and finite. */
  quantitiesOf(vector: Vector): Quantities {
    const amounts = new Map<string, number>()
    for (const [column, amount] of vector.entries())
      if (amount > 0 && Number.isFinite(amount)) amounts.set(this.names[column] as string, amount)
    return quantitiesOf(amounts)
  }
}

export function addTo(target: number[], amounts: Vector, sign: 1 | -1 = 1): void {
  while (target.length < amounts.length) target.push(0)
  for (let column = 0; column < amounts.length; column++)
    target[column] = (target[column] as number) + sign * (amounts[column] as number)
}

export function isZero(vector: Vector): boolean {
  for (let column = 0; column < vector.length; column++) if (vector[column] !== 0) return false
  return true
}

export function containsVector(have: Vector, asked: Vector): boolean {
  for (let column = 0; column < asked.length; column++)
    if ((asked[column] as number) > (column < have.length ? (have[column] as number) : 0)) return false
  return true
}

/** How often the asked amounts fit at once; infinite when nothing is asked. */
export function timesContained(have: Vector, asked: Vector): number {
  let times = Number.POSITIVE_INFINITY
  for (let column = 0; column < asked.length; column++) {
    const amount = asked[column] as number
    if (amount > 0) times = Math.min(times, Math.floor((have[column] ?? 0) / amount))
  }
  return times
}
