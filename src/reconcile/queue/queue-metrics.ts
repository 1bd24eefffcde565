import type { Metrics } from '../../core/index.js'

/**
 * What a work queue reports, under the names and units of client-go's `workqueue_*` metrics; drops are ours. Durations are
 * told one by one; adds and the depth once for calls that follow each other closely, at the end of their turn at the
 * latest.
 */
export interface QueueMetrics {
  /** Told with the next depth. */
  added(): void
  retried(): void
  /** An add came after the queue was shut down. */
  dropped(): void
  depth(ready: number): void
  /** @param waitedMs from becoming ready to being taken */
  taken(waitedMs: number): void
  /** @param workedMs from being taken to done */
  done(workedMs: number): void
}

const durationBuckets: readonly number[] = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000]

/** Binds the instruments to one queue's `name` label. */
export function createQueueMetrics(metrics: Metrics, name: string): QueueMetrics {
  // Frozen, so that the series can be remembered by it.
  const labels = Object.freeze({ name })
  const buckets = durationBuckets
  const adds = metrics.counter('workqueue_adds_total', { help: 'Keys that became wanted' })
  const retries = metrics.counter('workqueue_retries_total', { help: 'Delayed and rate-limited adds' })
  const dropped = metrics.counter('workqueue_adds_dropped_total', { help: 'Adds after shutdown' })
  const depth = metrics.gauge('workqueue_depth', { help: 'Keys ready to be taken' })
  const waited = metrics.histogram('workqueue_queue_duration_seconds', { unit: 'seconds', buckets })
  const worked = metrics.histogram('workqueue_work_duration_seconds', { unit: 'seconds', buckets })
  let added = 0
  return {
    added: () => void added++,
    retried: () => retries.add(1, labels),
    dropped: () => dropped.add(1, labels),
    depth: ready => {
      if (added > 0) adds.add(added, labels)
      added = 0
      depth.set(ready, labels)
    },
    taken: ms => waited.record(ms / 1000, labels),
    done: ms => worked.record(ms / 1000, labels),
  }
}
