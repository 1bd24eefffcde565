// Start here.
export { planAutoscale } from './autoscale-plan.js'
export { fixedMetrics } from './fixed-metrics.js'
export { scrapedMetrics } from './scraped-metrics.js'
export { stepResponse } from './step-response.js'

// To build with.
export { defaultAutoscaleLimits } from './autoscale-plan.js'
export { parsePrometheusText } from './prometheus-text.js'

// Types you will meet.
export type { AutoscaleLimits, AutoscalePlan, AutoscaleStep, AutoscaleView } from './autoscale-plan.js'
export type { FixedMetric } from './fixed-metrics.js'
export type { ReplicaView } from './metric-proposal.js'
export type {
  MetricQuery,
  MetricReading,
  MetricSample,
  MetricsSource,
  SampleLimits,
} from './metrics-source.js'
export type { PrometheusSample } from './prometheus-text.js'
export type { ScrapedMetricsOptions } from './scraped-metrics.js'
export type { ResponsePoint, StepResponse, StepResponseOptions } from './step-response.js'
