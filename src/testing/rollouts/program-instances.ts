import type { RolloutTally } from '../../rollout/index.js'

/** Instances of one template: how many serve, and when the others will. A step costs what changes, not what exists. */
export class Instances {
  #available: number
  /** When those that do not serve yet become available, ascending; before `#served` they do by now. */
  #comingMs: number[] = []
  #served = 0
  /** Those that never do. */
  #broken = 0

  constructor(available: number) {
    this.#available = available
  }

  get size(): number {
    return this.#available + this.#coming + this.#broken
  }

  get #coming(): number {
    return this.#comingMs.length - this.#served
  }

  /** When the next one becomes available. */
  get nextMs(): number {
    return this.#comingMs[this.#served] ?? Infinity
  }

  /** What is there at that time, which never goes back. */
  tally(template: string, nowMs: number): RolloutTally {
    while (this.nextMs <= nowMs) {
      this.#served += 1
      this.#available += 1
    }
    if (this.#served > this.#coming) {
      this.#comingMs = this.#comingMs.slice(this.#served)
      this.#served = 0
    }
    return { template, size: this.size, available: this.#available }
  }

  /** One more, that becomes available then. */
  start(atMs: number): void {
    if (atMs === Infinity) {
      this.#broken += 1
      return
    }
    let [low, high] = [this.#served, this.#comingMs.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#comingMs[middle] ?? Infinity) <= atMs) low = middle + 1
      else high = middle
    }
    this.#comingMs.splice(low, 0, atMs)
  }

  /** Those that never become available are the first to go, then those that would last. */
  shrinkTo(size: number): void {
    let excess = Math.max(0, this.size - size)
    const broken = Math.min(this.#broken, excess)
    this.#broken -= broken
    excess -= broken
    const coming = Math.min(this.#coming, excess)
    this.#comingMs.length -= coming
    this.#available -= excess - coming
  }
}
