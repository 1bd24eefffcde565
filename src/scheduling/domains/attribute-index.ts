import type { Attributes } from '../../core/index.js'
import { attributeOf, attributeText } from '../../core/internal.js'
import type { NodeRow } from '../nodes/node-table.js'
import type { DomainTerm } from '../requests/task-set.js'

/** By what nodes are parted into domains. */
export type Parting = Pick<DomainTerm, 'attribute' | 'within' | 'countsLacking'>

/** The domain that a node is in: the value of the attribute, or of all attributes; undefined when it is in none. */
function domainOf(
  attributes: Attributes,
  { attribute, within = [], countsLacking }: Parting,
): string | undefined {
  const own = attributeOf(attributes, attribute)
  if (countsLacking !== true) {
    if (own === undefined) return undefined
    if (within.length === 0) return attributeText(own)
  }
  const values = [...within, attribute].map(name => attributeOf(attributes, name))
  return JSON.stringify(values.map(value => (value === undefined ? null : attributeText(value))))
}

/** Which nodes are in which domain. A domain keeps its number for good. */
export class AttributeIndex {
  readonly #parting: Parting
  readonly #numbers = new Map<string, number>()
  readonly #values: string[] = []
  readonly #slots: Set<number>[] = []
  #bySlot: Int32Array = new Int32Array(16).fill(-1)
  /** Values that some node has. */
  #used = 0

  constructor(parting: Parting) {
    this.#parting = parting
  }

  /** How many values there are. */
  get valueCount(): number {
    return this.#used
  }

  /** The number of the value that the node has, or -1. */
  of(slot: number): number {
    return slot < this.#bySlot.length ? (this.#bySlot[slot] as number) : -1
  }

  textOf(value: number): string {
    return this.#values[value] ?? ''
  }

  find(text: string): number {
    return this.#numbers.get(text) ?? -1
  }

  /** The nodes with that value. */
  slotsOf(value: number): ReadonlySet<number> {
    return this.#slots[value] as Set<number>
  }

  set(row: NodeRow): void {
    const found = domainOf(row.attributes, this.#parting)
    this.#move(row.slot, found === undefined ? -1 : this.#intern(found))
  }

  remove(row: NodeRow): void {
    this.#move(row.slot, -1)
  }

  #move(slot: number, value: number): void {
    while (slot >= this.#bySlot.length) {
      const wider = new Int32Array(this.#bySlot.length * 2).fill(-1)
      wider.set(this.#bySlot)
      this.#bySlot = wider
    }
    const before = this.#bySlot[slot] as number
    if (before === value) return
    this.#bySlot[slot] = value
    if (before >= 0) {
      const slots = this.#slots[before] as Set<number>
      slots.delete(slot)
      if (slots.size === 0) this.#used--
    }
    if (value < 0) return
    const slots = this.#slots[value] as Set<number>
    if (slots.size === 0) this.#used++
    slots.add(slot)
  }

  #intern(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const value = this.#values.length
    this.#numbers.set(text, value)
    this.#values.push(text)
    this.#slots.push(new Set())
    return value
  }
}
