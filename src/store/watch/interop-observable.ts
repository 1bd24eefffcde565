import type { Watch, WatchBatch } from './watch.js'

/** The part of an observer that is used. */
interface Observer<T> {
  readonly next?: (value: T) => void
  readonly error?: (error: unknown) => void
  readonly complete?: () => void
}

/** What `Symbol.observable` leads to, as far as rxjs and its like need it. */
export interface InteropObservable<T> {
  subscribe(observer: Observer<T>): { unsubscribe(): void }
}

/** The key under which libraries look for an observable; a polyfill may add the symbol at any time. */
export function observableKey(): symbol | '@@observable' {
  return (Symbol as { readonly observable?: symbol }).observable ?? '@@observable'
}

/** A watch as an observable of its batches. Unsubscribing closes the watch. */
export function observableOf<T>(watch: Watch<T>): InteropObservable<WatchBatch<T>> {
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
