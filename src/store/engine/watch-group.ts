import type { Env } from '../../core/index.js'
import type { DeliverySteps, Receiver, StepPlace } from './delivery-steps.js'

/** A cursor that rests with others. */
export interface GroupMember {
  /** Its place in the group. */
  slot: number
  readonly isBehind: boolean
  /** Its watcher is over. */
  readonly left: boolean
  readonly listener: {
    readonly label: string
    close(): void
    /** Hands out at most `revisionsMax` batches; says how many it did. */
    serve(revisionsMax: number): number
  }
  /** Leaves the group, and is served by itself until it rests again. */
  goAlone(): void
}

/**
 * Watchers of one channel and one env that have nothing to do but follow it. A write wakes them as one, and one step
 * serves them one after the other; each keeps its own cursor. Who cannot be brought to the end in its turn goes alone.
 */
export class WatchGroup implements Receiver {
  readonly env: Env
  readonly #steps: DeliverySteps
  /** Those who have left are undefined. */
  #members: (GroupMember | undefined)[] = []
  #size = 0
  /** Whose turn is next. */
  #next = 0
  #place: StepPlace | undefined
  #isServing = false

  constructor(env: Env, steps: DeliverySteps) {
    this.env = env
    this.#steps = steps
  }

  get label(): string {
    return this.#members.find(member => member !== undefined)?.listener.label ?? ''
  }

  get size(): number {
    return this.#size
  }

  /** How many are at the end of the channel for sure. */
  get resting(): number {
    return this.#place === undefined && !this.#isServing ? this.#size : 0
  }

  /** Takes in a cursor that has read everything. */
  join(cursor: GroupMember): void {
    cursor.slot = this.#members.push(cursor) - 1
    this.#size++
  }

  leave(cursor: GroupMember): void {
    this.#members[cursor.slot] = undefined
    this.#size--
    if (this.#size > 0 || this.#place === undefined) return
    this.#steps.leave(this.#place)
    this.#place = undefined
  }

  /** Something new is in the channel. */
  wake(): void {
    if (this.env.closed) {
      // It runs no steps; its watchers must not stay.
      for (const member of [...this.#members]) member?.listener.close()
      return
    }
    if (this.#place !== undefined) return
    if (!this.#isServing && this.#size * 2 < this.#members.length) this.#closeGaps()
    this.#place = this.#steps.join(this)
  }

  /** Everybody has a turn, or the next ones have theirs in another step. */
  receive(revisionsMax: number): number {
    this.#place = undefined
    this.#isServing = true
    const members = this.#members
    const turns = members.length
    let turn = 0
    let count = 0
    for (; turn < turns && count < revisionsMax; turn++) {
      const member = members[this.#next]
      this.#next = this.#next + 1 < turns ? this.#next + 1 : 0
      if (member === undefined) continue
      count += member.listener.serve(revisionsMax - count)
      if (member.isBehind && !member.left) member.goAlone()
    }
    this.#isServing = false
    if (turn < turns && this.#size > 0) this.#place ??= this.#steps.join(this)
    return count
  }

  #closeGaps(): void {
    this.#members = this.#members.filter(member => member !== undefined)
    for (const [slot, member] of this.#members.entries()) if (member !== undefined) member.slot = slot
    this.#next = 0
  }
}
