import { nameOfTerm } from './index-terms.js'
import { KeyOrder } from './key-order.js'
import type { Entry } from './version.js'

/** An entry under one term. Its name has the order of terms, then of keys. */
export interface Place {
  readonly name: string
  readonly term: string
  readonly entry: Entry
}

/** A place that an older version had. */
export interface FormerPlace extends Place {
  /** How many runs of kept versions were there. */
  runs: number
}

/**
 * The entries of a kind's ordered indexes in the order of their values. A write pays for the values that it changes.
 * As in postings, what an entry has left stays under `former` until the versions that were there are cut.
 */
export class ValueOrder {
  readonly #indexes: ReadonlySet<string>
  /** Of newest versions. */
  readonly live: KeyOrder<Place> = new KeyOrder()
  /** Of versions before them; check each. */
  readonly former: KeyOrder<FormerPlace> = new KeyOrder()
  readonly #formerByName = new Map<string, FormerPlace>()

  constructor(indexes: readonly string[]) {
    this.#indexes = new Set(indexes)
  }

  /** The newest version of `entry` has the terms `after` where it had `before`. */
  change(entry: Entry, before: readonly string[], after: readonly string[]): void {
    if (before === after) return
    for (const term of after)
      if (!before.includes(term) && this.#isOrdered(term))
        this.live.insert({ name: placeName(term, entry.space.name, entry.name), term, entry })
    for (const term of before) if (!after.includes(term) && this.#isOrdered(term)) this.#leave(entry, term)
  }

  /** The versions with `before`, which `after` followed, are cut. */
  cut(entry: Entry, before: readonly string[], after: readonly string[]): void {
    if (before === after) return
    for (const term of before) {
      if (after.includes(term)) continue
      const name = placeName(term, entry.space.name, entry.name)
      const place = this.#formerByName.get(name)
      if (place === undefined || --place.runs > 0) continue
      this.#formerByName.delete(name)
      this.former.remove(name)
    }
  }

  #leave(entry: Entry, term: string): void {
    const name = placeName(term, entry.space.name, entry.name)
    this.live.remove(name)
    const known = this.#formerByName.get(name)
    if (known !== undefined) {
      known.runs++
      return
    }
    const place: FormerPlace = { name, term, entry, runs: 1 }
    this.#formerByName.set(name, place)
    this.former.insert(place)
  }

  #isOrdered(term: string): boolean {
    return this.#indexes.has(nameOfTerm(term))
  }
}

/** No term goes on with U+0000 twice, so a term comes with all its keys before the terms that it begins. */
export function placeName(term: string, namespace: string, name: string): string {
  return `${term}\u0000\u0000${namespace}\u0000${name}`
}
