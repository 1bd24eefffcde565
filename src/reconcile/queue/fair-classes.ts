import { InvalidError } from '../../core/index.js'
import type { HeapHandle } from '../../core/internal.js'
import { IndexedHeap } from '../../core/internal.js'
import type { KeyRecord, ReadyOrder } from './key-record.js'
import { PriorityLevels } from './priority-levels.js'

/** How the keys of several parties share the workers. */
export interface Fairness<K> {
  /** Names the class of a key, for example its tenant. Pure. */
  readonly classOf: (key: K) => string
  /** Share of each class relative to the others: finite, above 0. Default 1 for a class that is absent. */
  readonly weights?: Readonly<Record<string, number>>
}

/** The ready keys of one class, and the virtual time at which its next turn begins. */
class FairClass<K> extends PriorityLevels<K> implements HeapHandle {
  readonly name: string
  /** Length of a turn. */
  readonly stride: number
  /** Virtual time at which the latest turn of the class ends. */
  endsAt = 0
  at = 0
  sequence = 0
  slot = -1

  constructor(name: string, weight: number, ageMs: number) {
    super(ageMs)
    this.name = name
    this.stride = 1 / weight
  }
}

/**
 * Classes that have ready keys take turns in proportion to their weights; inside a class, priority and age decide.
 * This is start-time fair queueing (Goyal, Vin, Cheng 1996) with turns of length 1 / weight: the class whose turn
 * begins earliest is next, and a class that comes back begins no earlier than the turn served last.
 */
export class FairClasses<K> implements ReadyOrder<K> {
  readonly #weights: ReadonlyMap<string, number>
  readonly #ageMs: number
  readonly #classes = new Map<string, FairClass<K>>()
  /** Classes with ready keys, by the begin of their next turn. */
  readonly #active = new IndexedHeap<FairClass<K>>()
  /** Empty classes whose latest turn has not ended, by its end: until then they may not come back as new. */
  readonly #resting = new IndexedHeap<FairClass<K>>()
  #virtualTime = 0
  #length = 0

  /** @throws InvalidError when a weight is out of bounds */
  constructor(weights: Readonly<Record<string, number>>, ageMs: number) {
    for (const [name, weight] of Object.entries(weights)) assertWeight(name, weight)
    this.#weights = new Map(Object.entries(weights))
    this.#ageMs = ageMs
  }

  get length(): number {
    return this.#length
  }

  push(record: KeyRecord<K>, nowMs: number): void {
    const fair = this.#open(record.fairClass)
    if (fair.length === 0) {
      this.#resting.remove(fair)
      this.#active.push(fair, Math.max(this.#virtualTime, fair.endsAt))
    }
    fair.push(record, nowMs)
    this.#length++
  }

  raise(record: KeyRecord<K>, nowMs: number): void {
    record.level?.order.raise(record, nowMs)
  }

  shift(): KeyRecord<K> | undefined {
    const fair = this.#active.peek()
    if (fair === undefined) return undefined
    const record = fair.shift()
    this.#length--
    this.#virtualTime = fair.at
    fair.endsAt = fair.at + fair.stride
    if (fair.length > 0) this.#active.update(fair, fair.endsAt)
    else this.#rest(fair)
    this.#forgetEnded()
    return record
  }

  oldest(): KeyRecord<K> | undefined {
    let oldest: KeyRecord<K> | undefined
    for (const fair of this.#active) oldest = fair.oldest()?.earlier(oldest) ?? oldest
    return oldest
  }

  remove(record: KeyRecord<K>): void {
    const fair = record.level?.order
    if (!(fair instanceof FairClass)) return
    fair.remove(record)
    this.#length--
    if (fair.length > 0) return
    this.#rest(fair)
    this.#forgetEnded()
  }

  inOrder(): readonly KeyRecord<K>[] {
    const turns = [...this.#active].flatMap(fair =>
      fair.inOrder().map((record, turn) => ({ record, fair, at: fair.at + turn * fair.stride })),
    )
    turns.sort((a, b) => a.at - b.at || a.fair.sequence - b.fair.sequence)
    return turns.map(({ record }) => record)
  }

  #open(name: string): FairClass<K> {
    let fair = this.#classes.get(name)
    if (fair === undefined) {
      fair = new FairClass(name, this.#weights.get(name) ?? 1, this.#ageMs)
      this.#classes.set(name, fair)
    }
    return fair
  }

  #rest(fair: FairClass<K>): void {
    this.#active.remove(fair)
    this.#resting.push(fair, fair.endsAt)
  }

  #forgetEnded(): void {
    // Without ready keys no class has a claim on the next turn.
    const until = this.#length === 0 ? Number.POSITIVE_INFINITY : this.#virtualTime
    for (
      let next = this.#resting.peek();
      next !== undefined && next.at <= until;
      next = this.#resting.peek()
    ) {
      this.#resting.pop()
      this.#classes.delete(next.name)
    }
    if (this.#length === 0) this.#virtualTime = 0
  }
}

function assertWeight(name: string, weight: number): void {
  if (Number.isFinite(weight) && weight > 0) return
  const field = `weights.${name}`
  throw new InvalidError('fairness', [{ field, value: weight, message: 'must be a finite number above 0' }])
}
