import type { Measurement } from './measure.js'
import type { Headline, Row, Unit } from './row.js'

/** The `fraction` quantile by nearest rank; NaN of nothing. */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? Number.NaN
}

/** The number that is held against the target: a rate for `per second`, else a cost. */
export function headlineOf(unit: Unit, headline: Headline, measurement: Measurement): number {
  const cost = headline === 'mean' ? measurement.mean : quantile(measurement.samples, 0.99)
  return unit === 'per second' ? 1e9 / cost : cost
}

/** How many times better than `other`; above 1 is better, whichever way the unit points. */
export function advantage(unit: Unit, value: number, other: number): number {
  return unit === 'per second' ? value / other : other / value
}

/** For example `create: one object, own commit — target ≥ 150 k/s`. */
export function titleLine({ name, title, unit, target }: Row): string {
  if (target === undefined) return `${name}: ${title}`
  return `${name}: ${title} — target ${unit === 'per second' ? '≥' : '≤'} ${amount(unit, target)}`
}

/** One subject's line of a row. `size` is shown where a row has several. */
export function subjectLine(row: Row, subject: string, measurement: Measurement, size?: number): string {
  const { unit, headline = 'mean' } = row
  const cost = unit === 'per second' ? 'ns' : unit
  const parts = [
    amount(unit, headlineOf(unit, headline, measurement)).padStart(10),
    `median ${amount(cost, quantile(measurement.samples, 0.5))}`.padEnd(16),
    `p99 ${amount(cost, quantile(measurement.samples, 0.99))}`.padEnd(13),
  ]
  if (measurement.cpuNs !== undefined) parts.push(`cpu ${amount('ns', measurement.cpuNs)}`.padEnd(13))
  if (measurement.bytes !== undefined) parts.push(`${amount('bytes', measurement.bytes)}`.padEnd(8))
  if (measurement.gcShare !== undefined) parts.push(`gc ${Math.round(measurement.gcShare * 100)} %`.padEnd(8))
  const who = size === undefined ? subject : `${subject} ${size.toLocaleString('en')}`
  const note = measurement.note === undefined ? '' : `  (${measurement.note})`
  return `  ${who.padEnd(18)}${parts.join(' ')}${note}`
}

/** `150 k/s`, `1.25 µs`, `3.7 MB`: three digits are all that a shared machine can tell. */
export function amount(unit: Unit, value: number): string {
  switch (unit) {
    case 'per second':
      return scaled(value, ['', ' k', ' M', ' G'], '/s')
    case 'ns':
      return scaled(value, [' n', ' µ', ' m', ' '], 's')
    case 'ms':
      return scaled(value * 1e6, [' n', ' µ', ' m', ' '], 's')
    case 'bytes':
      return scaled(value, [' ', ' k', ' M', ' G'], 'B')
    case 'times':
      return `${digits(value)} ×`
  }
}

function scaled(value: number, prefixes: readonly string[], unit: string): string {
  const step = Math.max(0, Math.min(prefixes.length - 1, Math.floor(Math.log10(Math.abs(value) || 1) / 3)))
  return `${digits(value / 1000 ** step)}${prefixes[step]}${unit}`
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)))
}

/** The run in the middle, with the medians of what all of them cost. */
export function medianOf(runs: readonly Measurement[]): Measurement {
  const sorted = runs.toSorted((a, b) => a.mean - b.mean)
  const middle = sorted[(sorted.length - 1) >> 1] as Measurement
  const median = (values: readonly (number | undefined)[]): number | undefined => {
    const known = values.filter(value => value !== undefined)
    return known.length === 0 ? undefined : quantile(known, 0.5)
  }
  const cpuNs = median(runs.map(run => run.cpuNs))
  const bytes = median(runs.map(run => run.bytes))
  return {
    ...middle,
    ...(cpuNs === undefined ? {} : { cpuNs }),
    ...(bytes === undefined ? {} : { bytes }),
  }
}

/** How many times the processor time of the other one takes; of the wall, where that is not known. */
export function timesOf(ours: Measurement, other: Measurement): number {
  return ours.cpuNs !== undefined && other.cpuNs !== undefined
    ? ours.cpuNs / other.cpuNs
    : ours.mean / other.mean
}

/** Lines that tell where the time of one operation goes, what is most expensive first. */
export function shareLines({ shares = [], cpuNs = Number.NaN }: Measurement): readonly string[] {
  return shares
    .slice(0, SHARES_MAX)
    .map(
      ({ what, share }) =>
        `    ${`${(share * 100).toFixed(1)} %`.padStart(7)} ${amount('ns', share * cpuNs).padStart(9)}  ${what}`,
    )
}

/** Stages and files that are shown of a profile. */
const SHARES_MAX = 25
