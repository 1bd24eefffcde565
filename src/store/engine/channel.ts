import type { Env } from '../../core/index.js'
import { SmallMap } from '../../core/internal.js'
import { DeliverySteps } from './delivery-steps.js'
import type { GroupMember } from './watch-group.js'
import { WatchGroup } from './watch-group.js'

/** Someone who reads channels. */
export interface ChannelListener extends GroupMember {
  readonly env: Env
  /** What is delivered, for those who look at steps. */
  readonly label: string
  /** Whether it does nothing but follow one channel, so that it can be served with others. */
  readonly follows: boolean
  /** Something new is in a channel where its cursor rested. */
  wake(): void
  /** The store was closed, or has failed. */
  storeClosed(failure?: Error): void
  /** The last revision that it has handled. */
  readonly revision: number
  /** What came after that revision can no longer be told. */
  missed(lastRevision: number): void
  close(): void
  /** Present for those who must know how far they are behind: called after each append while they do not rest. */
  fellBehind?: () => void
}

/**
 * The revisions that touched one scope, shared by its watchers; each reads at its own cursor. It holds numbers
 * only: the records are in the log. Once every cursor rests, everything read is dropped.
 */
export class Channel {
  readonly steps: DeliverySteps = new DeliverySteps()
  /** In the order in which they came. There may be as many channels as watchers, and a Set takes as much as the rest. */
  #first: ChannelCursor | undefined
  #last: ChannelCursor | undefined
  #count = 0
  /** Cursors that want to be told of every append. */
  #strict: ChannelCursor[] = []
  #resting: ChannelCursor[] = []
  readonly #groups = new SmallMap<Env, WatchGroup>()
  /** Members of `resting` that have left since. */
  #gone = 0
  #revisions: number[] = []
  #start = 0

  /** Cursor behind the newest revision. */
  get end(): number {
    return this.#start + this.#revisions.length
  }

  get empty(): boolean {
    return this.#count === 0
  }

  /** How many revisions it holds; for tests and statistics. */
  get size(): number {
    return this.#revisions.length
  }

  /** The revision at a cursor; `lost` when it was dropped. */
  at(cursor: number): number | 'lost' | undefined {
    return cursor < this.#start ? 'lost' : this.#revisions[cursor - this.#start]
  }

  join(cursor: ChannelCursor): void {
    const last = this.#last
    cursor.before = last
    if (last === undefined) this.#first = cursor
    else last.after = cursor
    this.#last = cursor
    this.#count++
    if (cursor.listener.fellBehind !== undefined) this.#strict.push(cursor)
  }

  leave(cursor: ChannelCursor): void {
    this.#unlink(cursor)
    if (cursor.listener.fellBehind !== undefined)
      this.#strict = this.#strict.filter(other => other !== cursor)
    if (!cursor.resting) return
    if (cursor.leaveGroup()) return
    this.#gone++
    if (this.#gone * 2 <= this.#resting.length) return
    this.#resting = this.#resting.filter(other => !other.left)
    this.#gone = 0
  }

  /** `cursor` has read everything and wants to be woken. */
  rest(cursor: ChannelCursor): void {
    const { listener } = cursor
    if (!listener.follows) {
      this.#resting.push(cursor)
      return
    }
    let group = this.#groups.get(listener.env)
    if (group === undefined) {
      group = new WatchGroup(listener.env, this, this.steps)
      this.#groups.set(listener.env, group)
    }
    // Whoever comes while the others are being told goes alone this time.
    if (group.isResting) cursor.joinGroup(group)
    else this.#resting.push(cursor)
  }

  /** Forgets a group in which nobody is left. */
  dropGroup(group: WatchGroup): void {
    if (this.#groups.get(group.env) === group) this.#groups.delete(group.env)
  }

  /** Several changes of one revision in this scope are one entry. A write pays for those it wakes. */
  append(revision: number, keep: number): void {
    if (this.#revisions[this.#revisions.length - 1] === revision) return
    if (this.#restingCount() === this.#count) this.#drop(this.#revisions.length)
    else if (this.#revisions.length >= keep * 2) this.#drop(this.#revisions.length - keep)
    this.#revisions.push(revision)
    this.#wakeAll()
    // A listener may leave, or end others, when it is told.
    if (this.#strict.length > 0) for (const { listener } of [...this.#strict]) listener.fellBehind?.()
  }

  /** Closes those whose world has ended; how many are left. */
  closeDead(): number {
    for (const listener of this.listeners()) if (listener.env.closed) listener.close()
    return this.#count
  }

  listeners(): readonly ChannelListener[] {
    const listeners: ChannelListener[] = []
    for (let cursor = this.#first; cursor !== undefined; cursor = cursor.after)
      listeners.push(cursor.listener)
    return listeners
  }

  endAll(failure?: Error): void {
    for (const listener of this.listeners()) listener.storeClosed(failure)
  }

  #unlink(cursor: ChannelCursor): void {
    const { before, after } = cursor
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    cursor.before = undefined
    cursor.after = undefined
    this.#count--
  }

  #restingCount(): number {
    let count = this.#resting.length - this.#gone
    this.#groups.forEach(group => {
      if (group.isResting) count += group.size
    })
    return count
  }

  #wakeAll(): void {
    this.#groups.forEach(wake)
    const woken = this.#resting
    if (woken.length === 0) return
    this.#resting = []
    this.#gone = 0
    for (const cursor of woken) cursor.resting = false
    for (const cursor of woken) if (!cursor.left) cursor.listener.wake()
  }

  #drop(count: number): void {
    if (count === 0) return
    this.#start += count
    this.#revisions = count === this.#revisions.length ? [] : this.#revisions.slice(count)
  }
}

/** It closes its members in place of waking them where their env has ended: then the group leaves. */
function wake(group: WatchGroup): void {
  group.wake()
}

/** A place in a channel: its own, or that of a group with which it rests and is told. */
export class ChannelCursor {
  readonly channel: Channel
  readonly listener: ChannelListener
  /** True while it waits to be woken; set back by the channel. */
  resting = false
  left = false
  /** Its neighbours in its channel. */
  before: ChannelCursor | undefined = undefined
  after: ChannelCursor | undefined = undefined
  /** Who is in a group is where the group says. */
  #group: WatchGroup | undefined
  #slot = 0
  #position: number
  #toldTo = 0

  /** Starts behind the newest revision. */
  constructor(channel: Channel, listener: ChannelListener) {
    this.channel = channel
    this.listener = listener
    this.#position = channel.end
    channel.join(this)
  }

  get unread(): number | 'lost' | undefined {
    return this.channel.at(this.#at)
  }

  /** How many revisions are unread, dropped ones included. */
  get behind(): number {
    return this.channel.end - this.#at
  }

  /** The last revision that it was told in a group, 0 if there is none. */
  get toldTo(): number {
    return this.#group?.toldTo(this.#slot) ?? this.#toldTo
  }

  get #at(): number {
    return this.#group?.positionOf(this.#slot) ?? this.#position
  }

  /** Not for those in a group. */
  advance(): void {
    this.#position++
  }

  rest(): void {
    if (this.resting) return
    this.resting = true
    this.channel.rest(this)
  }

  joinGroup(group: WatchGroup): void {
    this.#slot = group.join(this.listener)
    this.#group = group
  }

  /** Goes on by itself from where it is, until it rests again. Returns whether it was in a group. */
  leaveGroup(): boolean {
    const group = this.#group
    if (group === undefined) return false
    this.#position = this.#at
    this.#toldTo = this.toldTo
    this.#group = undefined
    this.resting = false
    group.leave(this.#slot)
    if (group.size === 0) this.channel.dropGroup(group)
    return true
  }

  leave(): void {
    if (this.left) return
    this.left = true
    this.channel.leave(this)
    this.resting = false
  }
}
