import type { Env } from '../../core/index.js'

/**
 * The queues of those who write through one store, each its own: an env that is closed never gets to what it has queued, and
 * nobody else must wait for that.
 */
export class KeyQueues {
  readonly #ofStore = new KeyQueue()
  readonly #ofEnvs = new WeakMap<Env, KeyQueue>()

  /** @param env undefined: the store itself */
  of(env: Env | undefined): KeyQueue {
    if (env === undefined) return this.#ofStore
    let queue = this.#ofEnvs.get(env)
    if (queue === undefined) {
      queue = new KeyQueue()
      this.#ofEnvs.set(env, queue)
    }
    return queue
  }
}

/** Writes of one writer to one object, one after the other. */
export class KeyQueue {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs it after what was asked for before under the same key; without a key at once. */
  run<T>(key: string | undefined, write: () => Promise<T>): Promise<T> {
    if (key === undefined) return write()
    const before = this.#last.get(key)
    const mine = before === undefined ? write() : before.then(write, write)
    this.#keep(key, mine)
    return mine
  }

  /** Runs it after everything that was asked for before. */
  afterAll<T>(write: () => Promise<T>): Promise<T> {
    if (this.#last.size === 0) return write()
    return Promise.allSettled([...this.#last.values()]).then(write)
  }

  #keep(key: string, mine: Promise<unknown>): void {
    this.#last.set(key, mine)
    const leave = (): void => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
    mine.then(leave, leave)
  }
}
