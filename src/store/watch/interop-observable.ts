import type { WatchBatch } from '../engine/watch-batch.js'
import type { Watch } from './watch.js'

/** The part of an observer that is used. */
interface Observer<T> {
  readonly next?: (value: T) => void
  readonly error?: (error: unknown) => void
  readonly complete?: () => void
}

/** What `Symbol.observable` leads to, as far as rxjs and its like need it. */
interface InteropObservable<T> {
  subscribe(observer: Observer<T>): { unsubscribe(): void }
}

/** The key under which libraries look for an observable; a polyfill may add the symbol at any time. */
function observableKey(): symbol | '@@observable' {
  return (Symbol as { readonly observable?: symbol }).observable ?? '@@observable'
}

/**
 * Makes all watches of the class of this one observables, under the key of the moment. A function of each watch's own would
 * stay in the shape of such objects, and keep its watch, and the whole store, from being collected early.
 */
export function offerObservable(watch: Watch<unknown>): void {
  const key = observableKey()
  if (key in watch) return
  Object.defineProperty(Object.getPrototypeOf(watch), key, {
    value(this: Watch<unknown>): InteropObservable<WatchBatch<unknown>> {
      return observableOf(this)
    },
  })
}

/** A watch as an observable of its batches. Unsubscribing closes the watch. */
function observableOf<T>(watch: Watch<T>): InteropObservable<WatchBatch<T>> {
  return {
    subscribe: observer => {
      const cancel = watch.on(
        batch => observer.next?.(batch),
        error => (error === undefined ? observer.complete?.() : observer.error?.(error)),
      )
      return { unsubscribe: cancel }
    },
  }
}
