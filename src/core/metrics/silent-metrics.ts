import type { Counter, Gauge, Histogram, Metrics } from './metrics.js'

const drop = (): void => {}
const counter: Counter = { add: drop }
const gauge: Gauge = { set: drop }
const histogram: Histogram = { record: drop }

/** Drops every measurement; the default. */
export const silentMetrics: Metrics = {
  counter: () => counter,
  gauge: () => gauge,
  histogram: () => histogram,
}
