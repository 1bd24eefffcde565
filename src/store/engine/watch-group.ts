import type { Env } from '../../core/index.js'
import type { DeliverySteps, Receiver, StepPlace } from './delivery-steps.js'

/** A record of the log. What is in it is the business of those who are told. */
interface Told {
  readonly revision: number
}

/** Someone who is told with others. */
export interface GroupMember {
  readonly label: string
  close(): void
  /** The record of that revision, as long as the log has it. */
  recordAt(revision: number): Told | undefined
  /** Hands out what the record means to it; says whether it means anything. */
  tellRecord(record: Told): boolean
  /** Leaves the group, and is served by itself until it rests again. */
  goAlone(): void
}

/** What a group reads. */
interface Revisions {
  /** Behind the newest revision. */
  readonly end: number
  at(position: number): number | 'lost' | undefined
}

/** So many records at most are told in one turn of everybody. */
const TURN_RECORDS_MAX = 1_000

/**
 * Watchers of one channel and one env that have nothing to do but follow it. They have one cursor: a write wakes them as
 * one, the records are looked up once, and one step tells them to one after the other. Only in a turn are some of them
 * further than others, and who leaves in the middle of it takes along how far it is.
 */
export class WatchGroup implements Receiver {
  readonly env: Env
  readonly #steps: DeliverySteps
  readonly #channel: Revisions
  /** Those who have left are undefined. */
  readonly #members: (GroupMember | undefined)[] = []
  readonly #free: number[] = []
  #size = 0
  /** Where everybody was before this turn, and the last revision told until then. */
  #position: number
  #toldTo = 0
  /** The records of this turn; none between turns. */
  #turn: readonly Told[] = []
  /** Whose turn it is, and how many records it was told. */
  #next = 0
  #told = 0
  #place: StepPlace | undefined

  /** Begins behind the newest revision of the channel. */
  constructor(env: Env, channel: Revisions, steps: DeliverySteps) {
    this.env = env
    this.#channel = channel
    this.#steps = steps
    this.#position = channel.end
  }

  get label(): string {
    return this.#members.find(member => member !== undefined)?.label ?? ''
  }

  get size(): number {
    return this.#size
  }

  /** Whether everybody is at the end of the channel, so that whoever is there too may join. */
  get isResting(): boolean {
    return this.#place === undefined && this.#turn.length === 0
  }

  /** Takes in one who has read everything, while the group rests. Returns its place. */
  join(member: GroupMember): number {
    this.#size++
    const slot = this.#free.pop() ?? this.#members.length
    this.#members[slot] = member
    return slot
  }

  leave(slot: number): void {
    this.#members[slot] = undefined
    this.#free.push(slot)
    this.#size--
    if (this.#size > 0 || this.#place === undefined) return
    this.#steps.leave(this.#place)
    this.#place = undefined
  }

  /** How far the member in that place is. */
  positionOf(slot: number): number {
    if (slot < this.#next) return this.#position + this.#turn.length
    return slot === this.#next ? this.#position + this.#told : this.#position
  }

  /** The last revision that it was told. */
  toldTo(slot: number): number {
    return this.#turn[this.positionOf(slot) - this.#position - 1]?.revision ?? this.#toldTo
  }

  /** Something new is in the channel. */
  wake(): void {
    if (this.env.closed) {
      // It runs no steps; its watchers must not stay.
      for (const member of [...this.#members]) member?.close()
      return
    }
    if (this.isResting) this.#place = this.#steps.join(this)
  }

  /** Everybody is told, or the next ones are in another step. */
  receive(revisionsMax: number): number {
    this.#place = undefined
    if (this.#turn.length === 0) this.#begin()
    const members = this.#members
    const turn = this.#turn
    let count = 0
    for (; this.#next < members.length; this.#next++, this.#told = 0) {
      const member = members[this.#next]
      while (member !== undefined && this.#told < turn.length) {
        if (count >= revisionsMax) {
          this.#place = this.#steps.join(this)
          return count
        }
        const record = turn[this.#told++] as Told
        if (member.tellRecord(record)) count++
        if (members[this.#next] !== member) break
      }
    }
    this.#end()
    return count
  }

  #begin(): void {
    const reader = this.#members.find(member => member !== undefined)
    const turn: Told[] = []
    while (turn.length < TURN_RECORDS_MAX) {
      const revision = this.#channel.at(this.#position + turn.length)
      const record = typeof revision === 'number' ? reader?.recordAt(revision) : undefined
      if (record === undefined) break
      turn.push(record)
    }
    this.#turn = turn
  }

  #end(): void {
    this.#position += this.#turn.length
    this.#toldTo = this.#turn.at(-1)?.revision ?? this.#toldTo
    const isLost = this.#turn.length === 0
    this.#turn = []
    this.#next = 0
    if (this.#size === 0 || this.#position === this.#channel.end) return
    // What is next is no longer in the log; each one knows what that means to it.
    if (isLost) for (const member of [...this.#members]) member?.goAlone()
    else this.#place = this.#steps.join(this)
  }
}
