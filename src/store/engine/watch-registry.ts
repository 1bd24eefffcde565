import { SmallMap } from '../../core/internal.js'
import type { ChannelListener } from './channel.js'
import { Channel } from './channel.js'
import type { Labels } from './label-postings.js'
import type { Entry, Version } from './version.js'

/** The narrowest condition of a watcher that a write can be looked up by. */
export interface WatchPlace {
  readonly by: 'all' | 'name' | 'label' | 'index'
  /** The name, the value of the label, or the term of the index; `''` for `all`. */
  readonly key: string
  /** The key of the label. */
  readonly label?: string
  /** Undefined: every namespace. */
  readonly namespace: string | undefined
}

/** An entry that remembers that its name was not watched, and when. */
export interface WatchableEntry extends Entry {
  /** The `#names` of the registry that found nobody. */
  unwatched: object | undefined
}

/** A registry with fewer watchers is not worth a look at all of them. */
const SWEEP_MIN = 64

/** The channels of one key, by namespace. */
class Spaces {
  #everywhere: Channel | undefined
  readonly #bySpace = new SmallMap<string, Channel>()

  get empty(): boolean {
    return this.#everywhere === undefined && this.#bySpace.size === 0
  }

  open(namespace: string | undefined): Channel {
    if (namespace === undefined) return (this.#everywhere ??= new Channel())
    const known = this.#bySpace.get(namespace)
    if (known !== undefined) return known
    const channel = new Channel()
    this.#bySpace.set(namespace, channel)
    return channel
  }

  drop(namespace: string | undefined): void {
    if (namespace === undefined) this.#everywhere = undefined
    else this.#bySpace.delete(namespace)
  }

  find(namespace: string | undefined): Channel | undefined {
    return namespace === undefined ? this.#everywhere : this.#bySpace.get(namespace)
  }

  append(space: string, revision: number, keep: number): void {
    this.#everywhere?.append(revision, keep)
    this.#bySpace.get(space)?.append(revision, keep)
  }

  all(): readonly Channel[] {
    const all = this.#everywhere === undefined ? [] : [this.#everywhere]
    this.#bySpace.forEach(channel => all.push(channel))
    return all
  }
}

/**
 * The watchers of one kind by what they watch: everything, one name, one label value, one index value; each in
 * one namespace or in all. A write looks at its own name and terms, however many watchers there are elsewhere.
 */
export class WatchRegistry {
  readonly #places: Readonly<Record<'all' | 'name' | 'index', Map<string, Spaces>>> = {
    all: new Map(),
    name: new Map(),
    index: new Map(),
  }
  /** By key, then by value. */
  readonly #labels = new Map<string, Map<string, Spaces>>()

  /** Another object whenever another name is watched. As long as it is the same, nobody new can care for a name. */
  #names: object = {}
  /** So many are opened until somebody looks for the dead. */
  #untilSweep = SWEEP_MIN

  /** How many scopes are watched; for tests and statistics. */
  get size(): number {
    return this.#channels().length
  }

  open(place: WatchPlace): Channel {
    if (--this.#untilSweep <= 0) this.#closeDead()
    const { key, namespace } = place
    const places = this.#placesOf(place) ?? this.#openLabel(place.label)
    let spaces = places.get(key)
    if (spaces === undefined) {
      spaces = new Spaces()
      places.set(key, spaces)
      if (place.by === 'name') this.#names = {}
    }
    return spaces.open(namespace)
  }

  /** Lets go of a channel that nobody listens to. */
  release(place: WatchPlace, channel: Channel): void {
    const { key, namespace, label = '' } = place
    const places = this.#placesOf(place)
    const spaces = places?.get(key)
    if (spaces === undefined || !channel.empty || spaces.find(namespace) !== channel) return
    spaces.drop(namespace)
    if (spaces.empty) places?.delete(key)
    if (places?.size === 0) this.#labels.delete(label)
  }

  /** Tells those who watch the key of a new version. `keep`: how many revisions the log can still answer for. */
  notify(entry: WatchableEntry, version: Version, revision: number, keep: number): void {
    const { all, index } = this.#places
    const space = entry.space.name
    const { previous } = version
    all.get('')?.append(space, revision, keep)
    if (entry.unwatched !== this.#names) this.#tellName(entry, revision, keep)
    if (this.#labels.size > 0) {
      const after = version.object?.metadata.labels
      const before = previous?.object?.metadata.labels
      if (after !== undefined) this.#tellLabels(after, space, revision, keep)
      if (before !== undefined && before !== after) this.#tellLabels(before, space, revision, keep)
    }
    if (index.size === 0) return
    for (const term of version.terms) index.get(term)?.append(space, revision, keep)
    if (previous === undefined || previous.terms === version.terms) return
    for (const term of previous.terms) index.get(term)?.append(space, revision, keep)
  }

  /** A look into a table of many names costs as much as the rest of a write, so each entry pays for it once. */
  #tellName(entry: WatchableEntry, revision: number, keep: number): void {
    const spaces = this.#places.name.get(entry.name)
    if (spaces === undefined) entry.unwatched = this.#names
    else spaces.append(entry.space.name, revision, keep)
  }

  #tellLabels(labels: Labels, space: string, revision: number, keep: number): void {
    for (const key in labels)
      this.#labels
        .get(key)
        ?.get(labels[key] as string)
        ?.append(space, revision, keep)
  }

  /** All that watch something of this kind. */
  listeners(): readonly ChannelListener[] {
    return this.#channels().flatMap(channel => channel.listeners())
  }

  /** @param failure why the store has ended, if nobody has closed it */
  endAll(failure?: Error): void {
    for (const channel of this.#channels()) channel.endAll(failure)
  }

  /**
   * Watchers whose env was closed leave when something wakes them; of those that nothing wakes there are at most as many
   * as have lived at once. Each opening pays for a constant part of it.
   */
  #closeDead(): void {
    let living = 0
    for (const channel of this.#channels()) living += channel.closeDead()
    this.#untilSweep = Math.max(SWEEP_MIN, living)
  }

  #placesOf({ by, label = '' }: WatchPlace): Map<string, Spaces> | undefined {
    return by === 'label' ? this.#labels.get(label) : this.#places[by]
  }

  #openLabel(label = ''): Map<string, Spaces> {
    const places = new Map<string, Spaces>()
    this.#labels.set(label, places)
    return places
  }

  /** A copy: those who leave change the registry. */
  #channels(): readonly Channel[] {
    const places = [...Object.values(this.#places), ...this.#labels.values()]
    return places.flatMap(keys => [...keys.values()].flatMap(spaces => spaces.all()))
  }
}
