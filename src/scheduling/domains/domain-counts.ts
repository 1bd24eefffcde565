import type { SiblingCounts } from '../../core/internal.js'
import type { ChangeLog } from '../nodes/node-changes.js'
import { CHANGE_TASKS } from '../nodes/node-changes.js'
import type { DomainTerm } from '../requests/task-set.js'
import type { AttributeIndex } from './attribute-index.js'

/**
 * The tasks of one set, counted by the value that their node has of one attribute. Tasks on nodes that are not known
 * count nowhere. The first of them is the one with the lowest key.
 */
export class DomainCounts implements SiblingCounts {
  readonly term: DomainTerm
  readonly index: AttributeIndex
  withoutValue = 0
  total = 0
  /** Moves with every change. */
  epoch = 0
  /** How many use it. */
  users = 0
  /** Whether a change is told to each node of the value: somebody sorts nodes by count instead of value. */
  toldByNode = false
  /** Whether tasks on a node of that slot count. */
  readonly #counts: (slot: number) => boolean
  /** The tasks that count, with the slots of their nodes; kept from when somebody asks for the first. */
  #slots: Map<string, number> | undefined
  readonly #placed: () => Iterable<readonly [key: string, slot: number]>
  readonly #byValue: number[] = []
  /** The same by the text of the value; kept from when somebody asks for it. */
  #byText: Map<string, number> | undefined
  readonly #log: ChangeLog
  #firstKey: string | undefined
  #isFirstKnown = false

  constructor(
    term: DomainTerm,
    index: AttributeIndex,
    log: ChangeLog,
    tasks: {
      /** Whether tasks on a node of that slot count: while a task is on it, always or never. */
      readonly counts: (slot: number) => boolean
      /** The tasks that count. */
      readonly placed: () => Iterable<readonly [key: string, slot: number]>
    },
  ) {
    this.#counts = tasks.counts
    this.#placed = tasks.placed
    this.term = term
    this.index = index
    this.#log = log
  }

  /** By the text of the value; those of 0 are left out. */
  get counts(): ReadonlyMap<string, number> {
    if (this.#byText === undefined) {
      this.#byText = new Map()
      for (const [value, count] of this.#byValue.entries()) this.#noteText(value, count)
    }
    return this.#byText
  }

  get first(): string | undefined {
    const slot = this.firstSlot
    const value = slot < 0 ? -1 : this.index.of(slot)
    return value < 0 ? undefined : this.index.textOf(value)
  }

  /** The node of the first task, or -1; also when nobody looks at it. */
  get firstSlot(): number {
    if (this.term.ignoresFirst === true) return -1
    this.#slots ??= new Map(this.#placed())
    if (!this.#isFirstKnown) {
      this.#firstKey = undefined
      for (const key of this.#slots.keys())
        if (this.#firstKey === undefined || key < this.#firstKey) this.#firstKey = key
      this.#isFirstKnown = true
    }
    return this.#firstKey === undefined ? -1 : (this.#slots.get(this.#firstKey) ?? -1)
  }

  countOf(slot: number): number {
    return this.countOfValue(this.index.of(slot))
  }

  /** Tasks on nodes with the value of that number; 0 for -1. */
  countOfValue(value: number): number {
    return this.#byValue[value] ?? 0
  }

  add(key: string, slot: number): void {
    if (!this.#counts(slot)) return
    const first = this.toldByNode ? this.firstSlot : -1
    this.#slots?.set(key, slot)
    if (this.#isFirstKnown && (this.#firstKey === undefined || key < this.#firstKey)) this.#firstKey = key
    this.#count(slot, 1, first)
  }

  remove(key: string, slot: number): void {
    if (!this.#counts(slot)) return
    const first = this.toldByNode ? this.firstSlot : -1
    this.#slots?.delete(key)
    if (key === this.#firstKey) this.#isFirstKnown = false
    this.#count(slot, -1, first)
  }

  #count(slot: number, by: 1 | -1, firstBefore: number): void {
    this.epoch++
    this.total += by
    const value = this.index.of(slot)
    if (value < 0) this.withoutValue += by
    else {
      while (this.#byValue.length <= value) this.#byValue.push(0)
      const count = (this.#byValue[value] as number) + by
      this.#byValue[value] = count
      this.#noteText(value, count)
    }
    if (!this.toldByNode) return
    this.#tell(value)
    const first = this.firstSlot
    if (first === firstBefore) return
    for (const one of [first, firstBefore]) if (one >= 0) this.#tell(this.index.of(one))
  }

  #noteText(value: number, count: number): void {
    if (count === 0) this.#byText?.delete(this.index.textOf(value))
    else this.#byText?.set(this.index.textOf(value), count)
  }

  #tell(value: number): void {
    if (value >= 0) for (const slot of this.index.slotsOf(value)) this.#log.note(slot, CHANGE_TASKS)
  }
}
