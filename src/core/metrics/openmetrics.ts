import { familyName } from './metric-names.js'
import type { MetricKind, MetricLabels } from './metrics.js'

/** One series of a counter or gauge, or of a histogram; bucket counts are cumulative and end with `le: Infinity`. */
export type SeriesSnapshot =
  | { readonly labels: MetricLabels; readonly value: number }
  | {
      readonly labels: MetricLabels
      readonly sum: number
      readonly count: number
      readonly buckets: readonly { readonly le: number; readonly count: number }[]
    }

/** All series of one instrument. */
export interface MetricSnapshot {
  readonly name: string
  readonly kind: MetricKind
  readonly help?: string
  readonly unit?: string
  readonly series: readonly SeriesSnapshot[]
}

/** The OpenMetrics 1.0 text of a snapshot, closed by `# EOF`. Pure: equal snapshots give equal text. */
export function renderOpenMetrics(metrics: readonly MetricSnapshot[]): string {
  const lines: string[] = []
  for (const metric of metrics) {
    const family = familyName(metric.name, metric.kind, metric.unit)
    lines.push(`# TYPE ${family} ${metric.kind}`)
    if (metric.unit !== undefined) lines.push(`# UNIT ${family} ${metric.unit}`)
    if (metric.help !== undefined) lines.push(`# HELP ${family} ${escapeText(metric.help)}`)
    for (const series of metric.series) lines.push(...samples(family, metric.kind, series))
  }
  lines.push('# EOF', '')
  return lines.join('\n')
}

function samples(family: string, kind: MetricKind, series: SeriesSnapshot): readonly string[] {
  const labels = labelPairs(series.labels)
  if (!('buckets' in series)) {
    const suffix = kind === 'counter' ? '_total' : ''
    return [`${family}${suffix}${braces(labels)} ${numberText(series.value)}`]
  }
  return [
    ...series.buckets.map(
      ({ le, count }) => `${family}_bucket${braces([...labels, `le="${boundText(le)}"`])} ${count}`,
    ),
    `${family}_sum${braces(labels)} ${numberText(series.sum)}`,
    `${family}_count${braces(labels)} ${series.count}`,
  ]
}

function labelPairs(labels: MetricLabels): readonly string[] {
  return Object.keys(labels)
    .sort()
    .map(name => `${name}="${escapeText(labels[name] ?? '')}"`)
}

function braces(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

/** Bounds are canonical floats: a whole number is written with `.0`, so that the label is stable. */
function boundText(le: number): string {
  const text = numberText(le)
  return Number.isInteger(le) && !text.includes('e') ? `${text}.0` : text
}
