import { Posting } from './posting.js'
import type { Entry } from './version.js'

/** The labels of an object. */
export type Labels = Readonly<Record<string, string>>

class LabelPosting extends Posting {
  readonly #key: string
  readonly #value: string

  constructor(key: string, value: string) {
    super()
    this.#key = key
    this.#value = value
  }

  protected override holds({ head }: Entry): boolean {
    return head?.object?.metadata.labels[this.#key] === this.#value
  }
}

/** Which entries have which label. Labels are looked up as they are: a text that joins key and value would be kept. */
export class LabelPostings {
  readonly #byKey = new Map<string, Map<string, Posting>>()

  /** The newest version of `entry` has the labels `after` where the one before had `before`. */
  change(entry: Entry, before: Labels, after: Labels): void {
    if (before === after) return
    // What labels inherit is no text, so it is no value of either.
    for (const key in after) if (before[key] !== after[key]) this.#open(key, after[key] as string).join(entry)
    for (const key in before)
      if (before[key] !== after[key]) this.#open(key, before[key] as string).leave(entry)
  }

  /** The versions with `before`, which `after` followed, are cut; undoes the `former` part of that `change`. */
  cut(entry: Entry, before: Labels, after: Labels): void {
    if (before === after) return
    for (const key in before) if (before[key] !== after[key]) this.#forget(entry, key, before[key] as string)
  }

  find(key: string, value: string): Posting | undefined {
    return this.#byKey.get(key)?.get(value)
  }

  /** How many objects have each value of a label now; 0 for one that only older versions had. */
  *sizes(key: string): Iterable<readonly [value: string, size: number]> {
    for (const [value, posting] of this.#byKey.get(key) ?? []) yield [value, posting.size]
  }

  /** How many labels are known; for tests and statistics. */
  get size(): number {
    let size = 0
    for (const byValue of this.#byKey.values()) size += byValue.size
    return size
  }

  #open(key: string, value: string): Posting {
    let byValue = this.#byKey.get(key)
    if (byValue === undefined) {
      byValue = new Map()
      this.#byKey.set(key, byValue)
    }
    let posting = byValue.get(value)
    if (posting === undefined) {
      posting = new LabelPosting(key, value)
      byValue.set(value, posting)
    }
    return posting
  }

  #forget(entry: Entry, key: string, value: string): void {
    const byValue = this.#byKey.get(key)
    const posting = byValue?.get(value)
    posting?.forget(entry)
    if (posting?.empty !== true) return
    byValue?.delete(value)
    if (byValue?.size === 0) this.#byKey.delete(key)
  }
}
