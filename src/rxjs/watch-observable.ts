import { Observable } from 'rxjs'
import type { Client, Kind, StoredObject, Watch, WatchBatch, WatchOptions } from '../store/index.js'

/**
 * An observable of whole revisions. Each subscription opens a watch of its own, so late subscribers see changes
 * from their own start; unsubscribing closes it. Errors of `client.watch` and of the watch itself are `error`s.
 *
 * An observable cannot slow its source: an operator that holds values back (`concatMap`, `delay`) buffers them
 * without a bound. Read the watch with `for await` where the consumer may be slow.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { firstValueFrom } from 'rxjs'
 * import { watch$ } from 'keelson/rxjs'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Widget = defineKind<{ size: number }>({ apiVersion: 'example/v1', kind: 'Widget', plural: 'widgets', namespaced: true })
 * const store = createStore({ kinds: [Widget] })
 * const first = firstValueFrom(watch$(store, Widget))
 * await store.create(Widget, { metadata: { namespace: 'default', name: 'a' }, spec: { size: 1 } })
 * assert.equal((await first).events[0]?.type, 'ADDED')
 * ```
 */
export function watch$<Spec, Status>(
  client: Client,
  kind: Kind<Spec, Status>,
  options: WatchOptions = {},
): Observable<WatchBatch<StoredObject<Spec, Status>>> {
  return new Observable(subscriber => {
    const watch = client.watch(kind, options)
    deliver(watch, subscriber)
    return () => watch.close()
  })
}

/**
 * An open watch as an observable. It has one consumer: a second subscription is an error. Unsubscribing closes it.
 */
export function fromWatch<T>(watch: Watch<T>): Observable<WatchBatch<T>> {
  return new Observable(subscriber => {
    deliver(watch, subscriber)
    return () => watch.close()
  })
}

interface Sink<T> {
  next(value: T): void
  error(error: unknown): void
  complete(): void
}

function deliver<T>(watch: Watch<T>, sink: Sink<WatchBatch<T>>): void {
  watch.on(
    batch => sink.next(batch),
    error => (error === undefined ? sink.complete() : sink.error(error)),
  )
}
