import { defer, Observable } from 'rxjs'
import type {
  Client,
  Kind,
  ListAndWatchOptions,
  ObjectOf,
  StoredObject,
  Watch,
  WatchBatch,
  WatchOptions,
} from '../store/index.js'
import { listAndWatch } from '../store/index.js'

/**
 * An observable of whole revisions of one kind or several. Each subscription opens a watch of its own, so late
 * subscribers see changes from their own start; unsubscribing closes it. What `client.watch` throws, and a later
 * `SlowConsumerError`, are `error`s; it completes when the store closes.
 *
 * An observable cannot slow its source: each delivery step hands out everything that is there, so the watch is only
 * behind by what was written since the last step. `slowConsumer: 'coalesce'` bounds that. An operator that holds
 * values back (`concatMap`, `delay`) buffers them without a bound, whatever the policy; where handling takes time,
 * read the watch with `for await`, which takes the next batch when the last one is done.
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
  options?: WatchOptions,
): Observable<WatchBatch<StoredObject<Spec, Status>>>
export function watch$<const Kinds extends readonly Kind[]>(
  client: Client,
  kinds: Kinds,
  options?: WatchOptions,
): Observable<WatchBatch<ObjectOf<Kinds[number]>>>
export function watch$(
  client: Client,
  kinds: Kind | readonly Kind[],
  options: WatchOptions = {},
): Observable<WatchBatch<StoredObject>> {
  return defer(() => fromWatch(client.watch(kinds as readonly Kind[], options)))
}

/**
 * `listAndWatch` as an observable: first what exists, then each revision, and after a gap the difference as one batch
 * with `since`; so there is no `SlowConsumerError`. Each subscription lists for itself; else as `watch$`.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { firstValueFrom, scan, skip } from 'rxjs'
 * import { listAndWatch$ } from 'keelson/rxjs'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Widget = defineKind({ apiVersion: 'example/v1', kind: 'Widget', plural: 'widgets', namespaced: true })
 * const store = createStore({ kinds: [Widget] })
 * const make = (name: string) => store.create(Widget, { metadata: { namespace: 'default', name }, spec: {} })
 *
 * await make('a')
 * const count$ = listAndWatch$(store, Widget).pipe(
 *   scan((count, { events }) => events.reduce((sum, { type }) => sum + ({ ADDED: 1, MODIFIED: 0, DELETED: -1 })[type], count), 0),
 * )
 * const counted = firstValueFrom(count$.pipe(skip(1)))
 * await make('b')
 * assert.equal(await counted, 2)
 * ```
 */
export function listAndWatch$<Spec, Status>(
  client: Client,
  kind: Kind<Spec, Status>,
  options?: ListAndWatchOptions,
): Observable<WatchBatch<StoredObject<Spec, Status>>>
export function listAndWatch$<const Kinds extends readonly Kind[]>(
  client: Client,
  kinds: Kinds,
  options?: ListAndWatchOptions,
): Observable<WatchBatch<ObjectOf<Kinds[number]>>>
export function listAndWatch$(
  client: Client,
  kinds: Kind | readonly Kind[],
  options: ListAndWatchOptions = {},
): Observable<WatchBatch<StoredObject>> {
  return defer(() => fromWatch(listAndWatch(client, kinds as readonly Kind[], options)))
}

/**
 * Any open watch as an observable: of `client.watch`, of `listAndWatch` or your own. It has one consumer: a second
 * subscription is an `error` and leaves the first alone. Unsubscribing closes the watch.
 */
export function fromWatch<T>(watch: Watch<T>): Observable<WatchBatch<T>> {
  return new Observable(subscriber =>
    watch.on(
      batch => subscriber.next(batch),
      error => (error === undefined ? subscriber.complete() : subscriber.error(error)),
    ),
  )
}
