import type { SiblingCounts } from '../../core/internal.js'
import type { NodeRow } from '../nodes/node-table.js'
import type { NodeView } from '../nodes/node-view.js'
import type { DomainView, NodesMeant } from '../plugins/plugin.js'
import type { Bucket } from './bucket.js'
import { membersOf } from './bucket.js'
import type { DomainUse } from './class-plugins.js'

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
  return (counts.counts.get(counts.index.textOf(value)) ?? 0) * 2 + Number(isFirst)
}

function countOfPart({ counts, byValue }: DomainUse, part: number): number {
  if (!byValue) return part >> 1
  return counts.counts.get(counts.index.textOf(part)) ?? 0
}

/** The view of one plugin, whose first term is at `offset`. Aggregates are found once, until something changes. */
export class ClassDomains implements DomainView {
  readonly #source: DomainSource
  readonly #offset: number
  readonly termCount: number
  readonly #known = new Map<string, { readonly stamp: number; readonly value: number }>()

  constructor(source: DomainSource, offset: number, termCount: number) {
    this.#source = source
    this.#offset = offset
    this.termCount = termCount
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
    return this.#once(`fewest ${term} ${among}`, () => this.#least(term, among))
  }

  values(term: number, among: NodesMeant): number {
    return this.#once(`values ${term} ${among}`, () => {
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
    return this.#once('roomy', () => this.#source.buckets().reduce((sum, { heap }) => sum + heap.size, 0))
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

  #once(what: string, find: () => number): number {
    const known = this.#known.get(what)
    if (known !== undefined && known.stamp === this.#source.stamp()) return known.value
    const value = find()
    this.#known.set(what, { stamp: this.#source.stamp(), value })
    return value
  }
}
