import type { Entry } from './version.js'

/** Someone who waits for revisions of a channel. */
export interface Listener {
  /** Something new is in the channel. Called once after each `rest`. */
  wake(): void
  /** The store was closed. */
  storeClosed(): void
}

/**
 * The revisions that touched one scope, shared by its watchers; each reads at its own cursor. It holds numbers
 * only: the records are in the log. Once every watcher rests, everything read is dropped.
 */
export class Channel {
  private readonly listeners = new Set<Listener>()
  private resting: Listener[] = []
  private revisions: number[] = []
  private start = 0

  /** Cursor behind the newest revision. */
  get end(): number {
    return this.start + this.revisions.length
  }

  get empty(): boolean {
    return this.listeners.size === 0
  }

  /** The revision at a cursor; `lost` when it was dropped. */
  at(cursor: number): number | 'lost' | undefined {
    return cursor < this.start ? 'lost' : this.revisions[cursor - this.start]
  }

  join(listener: Listener): void {
    this.listeners.add(listener)
  }

  leave(listener: Listener): void {
    this.listeners.delete(listener)
    const index = this.resting.indexOf(listener)
    if (index >= 0) this.resting.splice(index, 1)
  }

  /** `listener` has read everything and wants to be woken. */
  rest(listener: Listener): void {
    this.resting.push(listener)
  }

  /** Several changes of one revision in this scope are one entry. A write pays for those it wakes. */
  append(revision: number, keep: number): void {
    if (this.revisions[this.revisions.length - 1] === revision) return
    if (this.resting.length === this.listeners.size) this.drop(this.revisions.length)
    else if (this.revisions.length >= keep * 2) this.drop(this.revisions.length - keep)
    this.revisions.push(revision)
    const woken = this.resting
    if (woken.length === 0) return
    this.resting = []
    for (const listener of woken) listener.wake()
  }

  endAll(): void {
    for (const listener of [...this.listeners]) listener.storeClosed()
  }

  private drop(count: number): void {
    if (count === 0) return
    this.start += count
    this.revisions = count === this.revisions.length ? [] : this.revisions.slice(count)
  }
}

/** What part of a kind a watcher sees; both absent is everything. */
export interface WatchScope {
  readonly namespace: string | undefined
  readonly name: string | undefined
}

/**
 * The watchers of one kind by what they watch: everything, one namespace, or one object. A write looks at three
 * places, however many watchers there are elsewhere.
 */
export class WatchRegistry {
  private all: Channel | undefined
  private readonly bySpace = new Map<string, Channel>()
  private readonly byName = new Map<string, Map<string, Channel>>()

  /** The channel of a scope; a name without a namespace is looked for in all of them. */
  open({ namespace, name }: WatchScope): Channel {
    if (namespace === undefined) return (this.all ??= new Channel())
    if (name === undefined) return openIn(this.bySpace, namespace)
    let names = this.byName.get(namespace)
    if (names === undefined) {
      names = new Map()
      this.byName.set(namespace, names)
    }
    return openIn(names, name)
  }

  /** Lets go of a channel that nobody listens to. */
  release({ namespace, name }: WatchScope, channel: Channel): void {
    if (!channel.empty) return
    if (namespace === undefined) {
      if (this.all === channel) this.all = undefined
      return
    }
    if (name === undefined) {
      if (this.bySpace.get(namespace) === channel) this.bySpace.delete(namespace)
      return
    }
    const names = this.byName.get(namespace)
    if (names?.get(name) === channel) names.delete(name)
    if (names?.size === 0) this.byName.delete(namespace)
  }

  /** Tells those who watch `entry` of a revision. `keep`: how many revisions the log can still answer for. */
  notify(entry: Entry, revision: number, keep: number): void {
    this.all?.append(revision, keep)
    const space = entry.space.name
    if (this.bySpace.size > 0) this.bySpace.get(space)?.append(revision, keep)
    if (this.byName.size > 0) this.byName.get(space)?.get(entry.name)?.append(revision, keep)
  }

  endAll(): void {
    const named = [...this.byName.values()].flatMap(names => [...names.values()])
    for (const channel of [this.all, ...this.bySpace.values(), ...named]) channel?.endAll()
  }
}

function openIn(channels: Map<string, Channel>, key: string): Channel {
  let channel = channels.get(key)
  if (channel === undefined) {
    channel = new Channel()
    channels.set(key, channel)
  }
  return channel
}
