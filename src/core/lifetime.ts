import { UsageError } from './errors.js'

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
  const held = new Set<() => void>()
  let closed = false
  return {
    get closed() {
      return closed
    },
    hold: drop => {
      if (closed) return nothing
      const entry = (): void => drop()
      held.add(entry)
      return () => {
        held.delete(entry)
      }
    },
    close: () => {
      closed = true
      for (const drop of held) {
        held.delete(drop)
        drop()
      }
    },
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
