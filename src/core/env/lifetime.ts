import { UsageError } from '../errors.js'

/** Whether a world still lives, and what must be dropped when it ends. */
export interface Lifetime {
  readonly closed: boolean
  /**
   * Registers what to drop at the end.
   *
   * @returns forgets the registration, without dropping
   */
  hold(drop: () => void): () => void
  /** Ends the lifetime: everything held is dropped, in the order in which it was registered. Idempotent. */
  close(): void
}

const nothing = (): void => {}

/** A lifetime that ends by `close()`. */
export function createLifetime(): Lifetime {
  return new EndingLifetime()
}

/** What is held, in the order in which it was registered. */
interface Holding {
  readonly drop: () => void
  isHeld: boolean
  previous: Holding | undefined
  next: Holding | undefined
}

/**
 * One for each env, so a class: a getter of an object literal makes each object a dictionary. And a list: a Set that
 * lives long and is added to and taken from keeps what was in its former tables until all garbage is collected.
 */
class EndingLifetime implements Lifetime {
  #first: Holding | undefined
  #last: Holding | undefined
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  hold(drop: () => void): () => void {
    if (this.#closed) return nothing
    const last = this.#last
    const holding: Holding = { drop, isHeld: true, previous: last, next: undefined }
    if (last === undefined) this.#first = holding
    else last.next = holding
    this.#last = holding
    return () => this.#forget(holding)
  }

  close(): void {
    this.#closed = true
    for (let first = this.#first; first !== undefined; first = this.#first) {
      this.#forget(first)
      first.drop()
    }
  }

  #forget(holding: Holding): void {
    if (!holding.isHeld) return
    holding.isHeld = false
    const { previous, next } = holding
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    holding.previous = undefined
    holding.next = undefined
  }
}

/** A lifetime that never ends, for what a whole process shares. It remembers nothing, so it cannot leak. */
export const permanentLifetime: Lifetime = {
  closed: false,
  hold: () => nothing,
  close: () => {
    throw new UsageError('the shared environment cannot be closed; close a fork of it')
  },
}
