import type { SiblingCounts } from '../../core/internal.js'
import type { NodeRow } from '../nodes/node-table.js'
import type { NodeView } from '../nodes/node-view.js'
import type { DomainView, NodesMeant } from '../plugins/plugin.js'
import type { Bucket } from './bucket.js'
import { membersOf } from './bucket.js'
import type { DomainUse } from './class-plugins.js'

const AMONG: readonly NodesMeant[] = ['all', 'selected', 'untainted', 'enterable', 'roomy']

/** What aggregates are made of. */
export interface DomainSource {
  readonly uses: readonly DomainUse[]
  buckets(): readonly Bucket[]
  /** The nodes that are meant. */
  slots(among: NodesMeant): Iterable<number>
  /** Moves whenever an answer may have changed. */
  stamp(): number
}

/** The part of a bucket for a node of that slot: by value its number, by count `2 · count`, one more for the first's. */
export function partOf({ counts, byValue }: DomainUse, slot: number): number {
  const value = counts.index.of(slot)
  if (value < 0 || byValue) return value
  const { firstSlot } = counts
  const isFirst = firstSlot >= 0 && counts.index.of(firstSlot) === value
  return counts.countOfValue(value) * 2 + Number(isFirst)
}

function countOfPart({ counts, byValue }: DomainUse, part: number): number {
  if (!byValue) return part >> 1
  return counts.countOfValue(part)
}

/** The view of one plugin, whose first term is at `offset`. Aggregates are found once, until something changes. */
export class ClassDomains implements DomainView {
  readonly #source: DomainSource
  readonly #offset: number
  readonly termCount: number
  /** Aggregates: of each term the fewest and the values, by which nodes are meant; last, how many are roomy. */
  readonly #known: Float64Array
  readonly #knownAt: Float64Array

  constructor(source: DomainSource, offset: number, termCount: number) {
    this.#source = source
    this.#offset = offset
    this.termCount = termCount
    const count = termCount * 2 * AMONG.length + 1
    this.#known = new Float64Array(count)
    this.#knownAt = new Float64Array(count).fill(-1)
  }

  attribute(term: number): string {
    return this.#use(term).counts.term.attribute
  }

  count(term: number, node: NodeView): number {
    return this.#use(term).counts.countOf((node as NodeRow).slot)
  }

  value(term: number, node: NodeView): string | undefined {
    const { index } = this.#use(term).counts
    const value = index.of((node as NodeRow).slot)
    return value < 0 ? undefined : index.textOf(value)
  }

  counts(term: number): SiblingCounts {
    return this.#use(term).counts
  }

  fewest(term: number, among: NodesMeant): number {
    return this.#once(this.#placeOf(term, 0, among), () => this.#least(term, among))
  }

  values(term: number, among: NodesMeant): number {
    return this.#once(this.#placeOf(term, 1, among), () => {
      const { index } = this.#use(term).counts
      const seen = new Set<number>()
      for (const slot of this.#source.slots(among)) {
        const value = index.of(slot)
        if (value >= 0) seen.add(value)
      }
      return seen.size
    })
  }

  roomy(): number {
    return this.#once(this.#known.length - 1, () =>
      this.#source.buckets().reduce((sum, { heap }) => sum + heap.size, 0),
    )
  }

  #use(term: number): DomainUse {
    const use = this.#source.uses[this.#offset + term]
    if (use === undefined) throw new RangeError(`there is no term ${term}`)
    return use
  }

  #least(term: number, among: NodesMeant): number {
    const use = this.#use(term)
    const at = this.#offset + term
    let least = Number.POSITIVE_INFINITY
    for (const bucket of this.#source.buckets()) {
      const part = bucket.parts[at] as number
      if (part >= 0 && membersOf(bucket, among) > 0) least = Math.min(least, countOfPart(use, part))
    }
    return least
  }

  #placeOf(term: number, aggregate: 0 | 1, among: NodesMeant): number {
    return (term * 2 + aggregate) * AMONG.length + AMONG.indexOf(among)
  }

  #once(at: number, find: () => number): number {
    const stamp = this.#source.stamp()
    if (this.#knownAt[at] === stamp) return this.#known[at] as number
    const value = find()
    this.#known[at] = value
    this.#knownAt[at] = stamp
    return value
  }
}
