import { KeelsonError } from '../errors.js'
import type { Cancel } from './clock.js'

/** Callbacks that want to hear of a thing. */
export interface Listeners<T> {
  readonly size: number
  /**
   * Adds a callback; one that is added twice is called twice.
   *
   * @throws KeelsonError `TooLarge` beyond `listenersMax`
   */
  add(listener: (value: T) => void): Cancel
  /**
   * Calls every callback in the order of adding. One that is added meanwhile is not called; one that is
   * cancelled meanwhile and was not reached is not called either. An error goes to `onError`, that of an
   * asynchronous one too; the others are still called.
   */
  emit(value: T): void
  clear(): void
}

/** What happens when a callback throws, and how many there may be. */
export interface ListenersOptions {
  readonly onError: (error: unknown) => void
  /** Most callbacks at a time. Default 10,000. */
  readonly listenersMax?: number
}

interface Entry<T> {
  readonly listener: (value: T) => void
  /** Emits begun before it was added. */
  readonly since: number
}

/** An empty set of callbacks. */
export function createListeners<T>(options: ListenersOptions): Listeners<T> {
  return new ListenerSet(options)
}

class ListenerSet<T> implements Listeners<T> {
  readonly #onError: (error: unknown) => void
  readonly #listenersMax: number
  readonly #entries = new Set<Entry<T>>()
  #emits = 0

  constructor({ onError, listenersMax = 10_000 }: ListenersOptions) {
    this.#onError = onError
    this.#listenersMax = listenersMax
  }

  get size(): number {
    return this.#entries.size
  }

  add(listener: (value: T) => void): Cancel {
    const listenersMax = this.#listenersMax
    const entries = this.#entries
    if (entries.size >= listenersMax) {
      const message = `more than ${listenersMax} listeners; cancel those not needed, or raise listenersMax`
      throw new KeelsonError({ code: 'TooLarge', message, details: { listenersMax } })
    }
    const entry: Entry<T> = { listener, since: this.#emits }
    entries.add(entry)
    return () => {
      entries.delete(entry)
    }
  }

  emit(value: T): void {
    const round = ++this.#emits
    for (const entry of this.#entries) {
      if (entry.since >= round) continue
      callListener(() => entry.listener(value), this.#onError)
    }
  }

  clear(): void {
    this.#entries.clear()
  }
}

/** Calls back. An error goes to `onError`, and so does what the promise of an asynchronous callback is rejected with. */
export function callListener(call: () => unknown, onError: (error: unknown) => void): void {
  try {
    onRejected(call(), onError)
  } catch (error) {
    onError(error)
  }
}

/**
 * For what a callback has returned: when that is a promise, what it is rejected with goes to `onError`. Whoever calls
 * back awaits nothing, and an unhandled rejection would end the process.
 */
export function onRejected(returned: unknown, onError: (error: unknown) => void): void {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return
  if (typeof returned.then === 'function') (returned as PromiseLike<unknown>).then(undefined, onError)
}
