import type { Linked } from './linked-list.js'
import { LinkedList } from './linked-list.js'

/** A place in a chain. */
export interface Link<T> extends Linked<Link<T>> {
  readonly item: T
  isIn: boolean
}

/**
 * Items in the order in which they were added; each is taken out from its place. A list and no Set: one that lives long
 * and is added to and taken from keeps what was in its former tables until all garbage is collected.
 */
export class Chain<T> {
  readonly #links = new LinkedList<Link<T>>()

  get first(): Link<T> | undefined {
    return this.#links.head
  }

  add(item: T): Link<T> {
    const link: Link<T> = { item, isIn: true, before: undefined, after: undefined }
    this.#links.push(link)
    return link
  }

  /** Nothing, when it was taken out before. */
  remove(link: Link<T>): void {
    if (!link.isIn) return
    link.isIn = false
    this.#links.remove(link)
  }
}
