import type { Task } from '../../api/index.js'
import type { Clock } from '../../core/index.js'
import { systemEnv } from '../../core/index.js'
import { metricName } from './metric-proposal.js'
import type { MetricSample, MetricsSource } from './metrics-source.js'

/** The value of a metric; of metrics of tasks, that of each. `undefined`: it is not known. */
export type FixedMetric = number | ((task: Task | undefined) => number | undefined)

/**
 * A source of values that are given, by the names that a status shows: `cpu`, `pods/requests`, `external/queue`. For tests,
 * and for programs that know the numbers themselves: it reads the object each time, so values may change.
 *
 * @param clock when the samples are measured. Default: that of `systemEnv`
 */
export function fixedMetrics(
  values: Readonly<Record<string, FixedMetric>>,
  clock: Pick<Clock, 'now'> = systemEnv.clock,
): MetricsSource {
  return {
    async read({ metric, tasks }) {
      const name = metricName(metric)
      const value = values[name]
      if (value === undefined) throw new Error(`no value is given for ${name}`)
      const sample = (task: Task | undefined): readonly MetricSample[] => {
        const found = typeof value === 'number' ? value : value(task)
        if (found === undefined) return []
        const timeMs = clock.now()
        return [
          task === undefined ? { value: found, timeMs } : { value: found, timeMs, task: task.metadata.uid },
        ]
      }
      return metric.type === 'Resource' || metric.type === 'Pods' ? tasks.flatMap(sample) : sample(undefined)
    },
  }
}
