/** The part of an observer that is used. */
export interface InteropObserver<T> {
  readonly next?: (value: T) => void
  readonly error?: (error: unknown) => void
  readonly complete?: () => void
}

/** What `Symbol.observable` leads to, as far as rxjs and its like need it. */
interface InteropObservable<T> {
  subscribe(observer: InteropObserver<T>): { unsubscribe(): void }
}

/** The key under which libraries look for an observable; a polyfill may add the symbol at any time. */
export function observableKey(): symbol | '@@observable' {
  return (Symbol as { readonly observable?: symbol }).observable ?? '@@observable'
}

/**
 * Makes all objects of the class of this one observables, under the key of the moment. A function of each object's own
 * would stay in the shape of such objects, and keep the object, and what it belongs to, from being collected early.
 *
 * @param listen begins to tell an observer; what it returns ends that
 */
export function offerObservable<S extends object, T>(
  source: S,
  listen: (source: S, observer: InteropObserver<T>) => () => void,
): void {
  const key = observableKey()
  if (key in source) return
  Object.defineProperty(Object.getPrototypeOf(source), key, {
    value(this: S): InteropObservable<T> {
      return { subscribe: observer => ({ unsubscribe: listen(this, observer) }) }
    },
  })
}
