import type { Metrics } from '../../core/index.js'
import type { Outcome } from './outcome.js'

/** What a controller reports, under the names and units of controller-runtime. */
export interface ControllerMetrics {
  ended(outcome: Outcome, tookMs: number): void
  active(attempts: number): void
}

/** `conflict` and `terminal` are ours: there both are an `error`. */
const resultLabels: Readonly<Record<Outcome['kind'], string>> = {
  success: 'success',
  requeueAfter: 'requeue_after',
  poll: 'requeue_after',
  conflict: 'conflict',
  terminal: 'terminal',
  retry: 'error',
  pause: 'error',
}

const durationBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60]

/** Binds the instruments to one controller's label. */
export function createControllerMetrics(
  metrics: Metrics,
  controller: string,
  concurrency: number,
): ControllerMetrics {
  // Frozen, so that the series can be remembered by it.
  const labels = Object.freeze({ controller })
  const results = new Map(
    Object.values(resultLabels).map(result => [result, Object.freeze({ controller, result })]),
  )
  const total = metrics.counter('controller_runtime_reconcile_total')
  const errors = metrics.counter('controller_runtime_reconcile_errors_total')
  const terminal = metrics.counter('controller_runtime_terminal_reconcile_errors_total')
  const timeouts = metrics.counter('controller_runtime_reconcile_timeouts_total')
  const active = metrics.gauge('controller_runtime_active_workers')
  const time = metrics.histogram('controller_runtime_reconcile_time_seconds', {
    unit: 'seconds',
    buckets: durationBuckets,
  })
  metrics.gauge('controller_runtime_max_concurrent_reconciles').set(concurrency, labels)
  return {
    active: attempts => active.set(attempts, labels),
    ended: (outcome, tookMs) => {
      time.record(tookMs / 1000, labels)
      total.add(1, results.get(resultLabels[outcome.kind]))
      if (!('error' in outcome) || outcome.kind === 'conflict') return
      errors.add(1, labels)
      if (outcome.kind === 'terminal') terminal.add(1, labels)
      if ('code' in outcome.error && outcome.error.code === 'Timeout') timeouts.add(1, labels)
    },
  }
}
