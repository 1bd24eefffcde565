import type { Cancel } from '../../core/index.js'
import { UsageError } from '../../core/index.js'
import { observableKey } from '../../core/internal.js'

/** The part of an observable that is used; rxjs and its like fit, and so does a watch. */
export interface ObservableLike<T> {
  subscribe(observer: { next(value: T): void; error(error: unknown): void; complete(): void }): {
    unsubscribe(): void
  }
}

/** An observable of rxjs: its `subscribe` has several forms, of which TypeScript looks at the last to infer the type. */
export interface RxObservableLike<T> {
  forEach(next: (value: T) => void): Promise<void>
  subscribe(...observer: never[]): { unsubscribe(): void }
}

/** Anything that gives values over time. */
export type Stream<T> = AsyncIterable<T> | ObservableLike<T>

/** The same, with the forms of which the type of the values is inferred. */
export type TypedStream<T> = Stream<T> | RxObservableLike<T>

/** Who reads a stream. */
export interface StreamReader<T> {
  next(value: T): void
  /** Called once, when the stream ends by itself: with the error if there was one. */
  ended(error?: unknown): void
  /** Waited for now and then, so that an iterable that always has a next value does not hold up everything else. */
  pause(): Promise<void>
}

/** Values of an iterable that are read in one go. */
const VALUES_PER_TURN = 1_000

/**
 * Reads a stream until it ends or is cancelled; after that nothing is called any more. An observable calls as it
 * emits. An async iterable is asked for its next value when the one before was taken, and returned when cancelled.
 *
 * @throws UsageError for something that is no stream, and what `subscribe` throws
 */
export function readStream<T>(stream: TypedStream<T>, reader: StreamReader<T>): Cancel {
  let isOver = false
  const next = (value: T): void => {
    if (!isOver) reader.next(value)
  }
  const end = (error?: unknown): void => {
    if (isOver) return
    isOver = true
    reader.ended(error)
  }
  const observable = observableOf<T>(stream)
  if (observable !== undefined) {
    const subscription = observable.subscribe({
      next,
      error: error => end(error ?? new UsageError('an observable failed without an error')),
      complete: () => end(),
    })
    return () => {
      isOver = true
      subscription.unsubscribe()
    }
  }
  const iterator = iteratorOf<T>(stream)
  const pull = async (): Promise<void> => {
    for (let taken = 1; ; taken++) {
      const result = await iterator.next()
      if (isOver) return
      if (result.done === true) return end()
      next(result.value)
      if (taken % VALUES_PER_TURN === 0) await reader.pause()
      if (isOver) return
    }
  }
  pull().catch(end)
  return () => {
    isOver = true
    iterator.return?.().catch(() => {})
  }
}

/** Libraries offer their observables under a symbol that may be there or not. */
function observableOf<T>(stream: unknown): ObservableLike<T> | undefined {
  if (typeof stream !== 'object' || stream === null) return undefined
  const open: unknown = Reflect.get(stream, observableKey())
  if (typeof open === 'function') return Reflect.apply(open, stream, []) as ObservableLike<T>
  return 'subscribe' in stream && typeof stream.subscribe === 'function'
    ? (stream as ObservableLike<T>)
    : undefined
}

function iteratorOf<T>(stream: unknown): AsyncIterator<T> {
  const open: unknown =
    typeof stream === 'object' && stream !== null ? Reflect.get(stream, Symbol.asyncIterator) : undefined
  if (typeof open === 'function') return Reflect.apply(open, stream, []) as AsyncIterator<T>
  throw new UsageError('a source must be an async iterable or an observable', { got: typeof stream })
}
