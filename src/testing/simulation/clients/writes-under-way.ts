import type { Client } from '../../../store/index.js'
import { tapWrites } from '../../../store/index.js'
import type { AsyncGuard, CallMark } from '../../guard/async-guard.js'

/** Remembers where writes were begun that have not come to their end. */
export class WritesUnderWay {
  readonly #guard: AsyncGuard
  readonly #begun = new Set<CallMark>()

  constructor(guard: AsyncGuard) {
    this.#guard = guard
  }

  /** Of the write that was begun last, the line. */
  lastPlace(): string | undefined {
    return [...this.#begun].at(-1)?.place()
  }

  seenThrough(client: Client): Client {
    return tapWrites(client, (write, next) => {
      const mark = this.#guard.mark()
      this.#begun.add(mark)
      const written = next(write)
      const ended = (): void => void this.#begun.delete(mark)
      // The same promise is returned: the code under test runs in the same order as unobserved.
      written.then(ended, ended)
      return written
    })
  }
}
