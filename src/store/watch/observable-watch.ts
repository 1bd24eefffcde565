import { offerObservable } from '../../core/internal.js'
import type { WatchBatch } from '../engine/watch-batch.js'
import type { Watch } from './watch.js'

/** Makes a watch an observable of its batches too. Unsubscribing closes the watch. */
export function offerBatches(watch: Watch<unknown>): void {
  offerObservable<Watch<unknown>, WatchBatch<unknown>>(watch, (source, observer) =>
    source.on(
      batch => observer.next?.(batch),
      error => (error === undefined ? observer.complete?.() : observer.error?.(error)),
    ),
  )
}
