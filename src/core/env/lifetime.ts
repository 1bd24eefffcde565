import { UsageError } from '../errors.js'
import { Chain } from '../structures/chain.js'

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

/** One for each env, so a class: a getter of an object literal makes each object a dictionary. */
class EndingLifetime implements Lifetime {
  readonly #held = new Chain<() => void>()
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  hold(drop: () => void): () => void {
    if (this.#closed) return nothing
    const link = this.#held.add(drop)
    return () => this.#held.remove(link)
  }

  close(): void {
    this.#closed = true
    for (let { first } = this.#held; first !== undefined; first = this.#held.first) {
      this.#held.remove(first)
      first.item()
    }
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
