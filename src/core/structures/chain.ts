/** A place in a chain. */
export interface Link<T> {
  readonly item: T
  isIn: boolean
  previous: Link<T> | undefined
  next: Link<T> | undefined
}

/**
 * Items in the order in which they were added; each is taken out from its place. A list and no Set: one that lives long
 * and is added to and taken from keeps what was in its former tables until all garbage is collected.
 */
export class Chain<T> {
  #first: Link<T> | undefined
  #last: Link<T> | undefined

  get first(): Link<T> | undefined {
    return this.#first
  }

  add(item: T): Link<T> {
    const last = this.#last
    const link: Link<T> = { item, isIn: true, previous: last, next: undefined }
    if (last === undefined) this.#first = link
    else last.next = link
    this.#last = link
    return link
  }

  /** Nothing, when it was taken out before. */
  remove(link: Link<T>): void {
    if (!link.isIn) return
    link.isIn = false
    const { previous, next } = link
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    link.previous = undefined
    link.next = undefined
  }
}
