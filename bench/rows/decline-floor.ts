/** How often the columns of an agent are looked at: cpus, mem, disk. */
const COLUMNS = 3

/**
 * A decline round on typed arrays and nothing else: at each agent the first framework in the order of shares that has
 * not refused it gets all that is free, moves to its new place, and gives it back at the end of the round. No roles, no
 * quotas, no offers, no filters that end.
 */
export class DeclineFloor {
  readonly #agents: number
  readonly #words: number
  readonly #free: Float64Array
  readonly #totals = new Float64Array(COLUMNS)
  readonly #used: Float64Array
  readonly #shares: Float64Array
  readonly #counts: Int32Array
  readonly #order: Int32Array
  readonly #refused: Uint32Array
  readonly #grants: Int32Array

  constructor(free: readonly (readonly number[])[], totals: readonly number[], frameworks: number) {
    this.#agents = free.length
    this.#words = (frameworks + 31) >>> 5
    this.#free = Float64Array.from(free.flat())
    this.#totals.set(totals)
    this.#used = new Float64Array(frameworks * COLUMNS)
    this.#shares = new Float64Array(frameworks)
    this.#counts = new Int32Array(frameworks)
    this.#order = Int32Array.from({ length: frameworks }, (_, index) => index)
    this.#refused = new Uint32Array(this.#agents * this.#words)
    this.#grants = new Int32Array(this.#agents)
  }

  /** How many agents were offered. */
  pass(): number {
    let granted = 0
    for (let agent = 0; agent < this.#agents; agent++) {
      const at = this.#first(agent)
      if (at < 0) continue
      const framework = this.#order[at] as number
      this.#grants[agent] = framework
      this.#count(framework, agent, 1)
      this.#counts[framework] = (this.#counts[framework] as number) + 1
      this.#place(framework, at)
      granted++
    }
    return granted
  }

  /** Every offer of the round comes back, refused for good. */
  decline(): void {
    for (let agent = 0; agent < this.#agents; agent++) {
      const framework = this.#grants[agent] as number
      const word = agent * this.#words + (framework >>> 5)
      this.#refused[word] = (this.#refused[word] as number) | (1 << (framework & 31))
      this.#count(framework, agent, -1)
      this.#place(framework, this.#order.indexOf(framework))
    }
  }

  #first(agent: number): number {
    for (let at = 0; at < this.#order.length; at++) {
      const framework = this.#order[at] as number
      const word = this.#refused[agent * this.#words + (framework >>> 5)] as number
      if ((word & (1 << (framework & 31))) === 0) return at
    }
    return -1
  }

  #count(framework: number, agent: number, sign: 1 | -1): void {
    let share = 0
    for (let column = 0; column < COLUMNS; column++) {
      const cell = framework * COLUMNS + column
      const used = (this.#used[cell] as number) + sign * (this.#free[agent * COLUMNS + column] as number)
      this.#used[cell] = used
      share = Math.max(share, used / (this.#totals[column] as number))
    }
    this.#shares[framework] = share
  }

  #place(framework: number, from: number): void {
    const order = this.#order
    order.copyWithin(from, from + 1)
    let low = 0
    let high = order.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isBefore(order[middle] as number, framework)) low = middle + 1
      else high = middle
    }
    order.copyWithin(low + 1, low, order.length - 1)
    order[low] = framework
  }

  #isBefore(a: number, b: number): boolean {
    const difference = (this.#shares[a] as number) - (this.#shares[b] as number)
    if (difference !== 0) return difference < 0
    const counts = (this.#counts[a] as number) - (this.#counts[b] as number)
    return counts === 0 ? a < b : counts < 0
  }
}
