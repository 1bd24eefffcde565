/** How the naive queue orders keys. */
export interface NaiveOrder {
  /** Infinity for priorities that do not age. */
  readonly ageMs: number
  readonly classOf: (key: string) => string
  readonly weights: Readonly<Record<string, number>>
}

interface Ready {
  readonly key: string
  /** Priority of the wish that put it here, which may be lower than that of a later one. */
  readonly level: number
  readonly at: number
  readonly rank: number
}

interface Waiting {
  readonly key: string
  at: number
  readonly rank: number
  refund: () => void
}

/** The laws of the work queue with plain sets and sorted arrays: slow and obvious. */
export class NaiveQueue {
  now = 0
  ready: Ready[] = []
  delayed: Waiting[] = []
  readonly processing: Set<string> = new Set()
  readonly again: Set<string> = new Set()
  readonly priorities: Map<string, number> = new Map()
  readonly #order: NaiveOrder
  /** Classes with ready keys, in the order in which they came: when their next turn begins. */
  #turns = new Map<string, number>()
  readonly #ends = new Map<string, number>()
  #virtualTime = 0
  #rank = 0

  constructor(order: NaiveOrder) {
    this.#order = order
  }

  add(key: string, priority: number | undefined): void {
    this.#raise(key, priority ?? 0)
    this.#dropDelay(key)
    this.#want(key)
  }

  addAfter(key: string, ms: number, about: { priority: number | undefined; refund: () => void }): void {
    const asTaken = this.processing.has(key) ? (this.priorities.get(key) ?? 0) : 0
    this.#raise(key, about.priority ?? asTaken)
    const known = this.delayed.find(entry => entry.key === key)
    if (this.#isDirty(key)) about.refund()
    else if (ms === 0) {
      this.#dropDelay(key)
      this.#want(key)
    } else if (known === undefined) {
      this.delayed.push({ key, at: this.now + ms, rank: this.#rank++, refund: about.refund })
    } else if (this.now + ms < known.at) {
      known.refund()
      known.at = this.now + ms
      known.refund = about.refund
    } else about.refund()
  }

  cancel(key: string): boolean {
    const had = this.#isWanted(key)
    const entry = this.ready.find(other => other.key === key)
    if (entry !== undefined) this.#leave(entry)
    this.again.delete(key)
    this.#dropDelay(key)
    return had
  }

  /** Every ready key in the order in which `get` would give them. */
  inOrder(): readonly string[] {
    const copy = new NaiveQueue(this.#order)
    copy.now = this.now
    copy.ready = [...this.ready]
    copy.#turns = new Map(this.#turns)
    copy.#virtualTime = this.#virtualTime
    for (const [name, end] of this.#ends) copy.#ends.set(name, end)
    const keys: string[] = []
    for (let key = copy.get(); key !== undefined; key = copy.get()) keys.push(key)
    return keys
  }

  get(): string | undefined {
    const [turn] = [...this.#turns].sort(([, a], [, b]) => a - b)
    if (turn === undefined) return undefined
    const [name, begin] = turn
    const [first] = this.ready
      .filter(entry => this.#order.classOf(entry.key) === name)
      .sort((a, b) => this.#effective(b) - this.#effective(a) || b.level - a.level || a.rank - b.rank)
    if (first === undefined) throw new Error('a class with a turn has a ready key')
    this.#virtualTime = begin
    const end = begin + 1 / (this.#order.weights[name] ?? 1)
    this.#turns.set(name, end)
    this.#ends.set(name, end)
    this.#leave(first)
    this.processing.add(first.key)
    return first.key
  }

  begin(key: string): void {
    this.again.delete(key)
  }

  done(key: string): void {
    this.processing.delete(key)
    if (this.again.delete(key)) this.#enter(key)
  }

  advance(ms: number): void {
    const until = this.now + ms
    this.delayed.sort((a, b) => a.at - b.at || a.rank - b.rank)
    for (const entry of this.delayed.filter(({ at }) => at <= until)) {
      this.now = entry.at
      this.delayed = this.delayed.filter(other => other !== entry)
      this.#want(entry.key)
    }
    this.now = until
  }

  /** Negated rank, so that no wait turns two equal ones apart: all keys age alike. */
  #effective({ level, at }: Ready): number {
    return this.#order.ageMs === Number.POSITIVE_INFINITY ? level : level * this.#order.ageMs - at
  }

  #raise(key: string, priority: number): void {
    if (this.#isWanted(key) && priority <= (this.priorities.get(key) ?? 0)) return
    this.priorities.set(key, priority)
    const entry = this.ready.find(other => other.key === key)
    if (entry === undefined) return
    const raised = { ...entry, level: priority, at: this.now, rank: this.#rank++ }
    if (this.#effective(raised) > this.#effective(entry)) this.ready[this.ready.indexOf(entry)] = raised
  }

  #want(key: string): void {
    if (this.processing.has(key)) this.again.add(key)
    else if (!this.ready.some(entry => entry.key === key)) this.#enter(key)
  }

  #enter(key: string): void {
    const name = this.#order.classOf(key)
    if (!this.#turns.has(name)) {
      this.#turns.set(name, Math.max(this.#virtualTime, this.#ends.get(name) ?? 0))
    }
    this.ready.push({ key, level: this.priorities.get(key) ?? 0, at: this.now, rank: this.#rank++ })
  }

  #leave(entry: Ready): void {
    this.ready = this.ready.filter(other => other !== entry)
    const name = this.#order.classOf(entry.key)
    if (!this.ready.some(other => this.#order.classOf(other.key) === name)) this.#turns.delete(name)
    if (this.ready.length > 0) return
    this.#ends.clear()
    this.#virtualTime = 0
  }

  #dropDelay(key: string): void {
    this.delayed.find(entry => entry.key === key)?.refund()
    this.delayed = this.delayed.filter(entry => entry.key !== key)
  }

  #isDirty(key: string): boolean {
    return this.again.has(key) || this.ready.some(entry => entry.key === key)
  }

  #isWanted(key: string): boolean {
    return this.#isDirty(key) || this.delayed.some(entry => entry.key === key)
  }
}
