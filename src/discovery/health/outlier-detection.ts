import type { FieldProblem } from '../../core/index.js'
import { assertKnown, assertValid, compareText, knownOptions, wholeNumber } from '../../core/internal.js'

/** When a host is ejected, and for how long. Defaults are Envoy's. */
export interface OutlierOptions {
  /** Failures in a row that eject a host; 0: never. Default 5. */
  readonly consecutiveFailures?: number
  /** First ejection; each further one is that much longer. Default 30 000. */
  readonly baseEjectionMs?: number
  /** Default 300 000. */
  readonly maxEjectionMs?: number
  /** A host may go only while less than this are away, 0 to 100; the first may always. Default 10. */
  readonly maxEjectionPercent?: number
  /** Hosts with enough requests between two sweeps that make success rates comparable; 0: never. Default 5. */
  readonly successRateMinHosts?: number
  /** Requests of a host between two sweeps that make its success rate count. Default 100. */
  readonly successRateVolume?: number
  /** A host goes when its success rate is this many standard deviations below the mean. Default 1.9. */
  readonly successRateDeviations?: number
}

/** What was decided. */
export type OutlierEvent =
  | {
      readonly kind: 'ejected'
      readonly host: string
      readonly forMs: number
      readonly reason: 'ConsecutiveFailures' | 'SuccessRate'
    }
  /** It would have been, but too many are away. */
  | { readonly kind: 'refused'; readonly host: string; readonly reason: 'MaxEjectionPercent' }
  | { readonly kind: 'returned'; readonly host: string }

/** Watches answers and takes hosts out that fail. Time is passed in; equal calls give equal events. */
export interface OutlierDetection {
  /** Which hosts there are; those that are gone are forgotten. */
  update(hosts: readonly string[]): void
  /** An answer of a host; unknown hosts are ignored. */
  observe(host: string, ok: boolean, nowMs: number): readonly OutlierEvent[]
  /** To be called every 10 s or so: compares success rates and takes back whose time is over. */
  sweep(nowMs: number): readonly OutlierEvent[]
  /** Those that are out now. */
  ejected(): ReadonlySet<string>
}

interface Host {
  failuresInRow: number
  successes: number
  total: number
  /** How often it was ejected, less one for each sweep in good standing. */
  ejections: number
  returnsAtMs: number | undefined
}

const OUTLIER_OPTIONS = /* @__PURE__ */ knownOptions<OutlierOptions>('createOutlierDetection', {
  consecutiveFailures: true,
  baseEjectionMs: true,
  maxEjectionMs: true,
  maxEjectionPercent: true,
  successRateMinHosts: true,
  successRateVolume: true,
  successRateDeviations: true,
})

/**
 * Envoy's outlier detection: failures in a row, and success rates far below the others'. It says which endpoints a router
 * should leave out for a while; it writes no conditions, since what a client sees of a host may be the client's own
 * trouble. Source: Envoy, outlier detection.
 *
 * @throws InvalidError for an option out of bounds
 */
export function createOutlierDetection(options: OutlierOptions = {}): OutlierDetection {
  assertKnown(options, OUTLIER_OPTIONS)
  const { consecutiveFailures = 5, baseEjectionMs = 30_000, maxEjectionMs = 300_000 } = options
  const { maxEjectionPercent = 10 } = options
  assertOptions(options)
  const hosts = new Map<string, Host>()
  const out = new Set<string>()
  const eject = (
    name: string,
    host: Host,
    reason: 'ConsecutiveFailures' | 'SuccessRate',
    nowMs: number,
  ): OutlierEvent => {
    if (out.size > 0 && (100 * out.size) / hosts.size >= maxEjectionPercent)
      return { kind: 'refused', host: name, reason: 'MaxEjectionPercent' }
    host.ejections++
    const forMs = Math.min(baseEjectionMs * host.ejections, Math.max(baseEjectionMs, maxEjectionMs))
    host.returnsAtMs = nowMs + forMs
    out.add(name)
    return { kind: 'ejected', host: name, forMs, reason }
  }
  return {
    update: names => {
      const wanted = new Set(names)
      for (const name of [...hosts.keys()]) {
        if (wanted.has(name)) continue
        hosts.delete(name)
        out.delete(name)
      }
      for (const name of names) if (!hosts.has(name)) hosts.set(name, newHost())
    },
    observe: (name, ok, nowMs) => {
      const host = hosts.get(name)
      if (host === undefined) return []
      host.total++
      host.successes += Number(ok)
      host.failuresInRow = ok ? 0 : host.failuresInRow + 1
      if (consecutiveFailures === 0 || host.failuresInRow < consecutiveFailures || out.has(name)) return []
      host.failuresInRow = 0
      return [eject(name, host, 'ConsecutiveFailures', nowMs)]
    },
    sweep: nowMs => {
      const events: OutlierEvent[] = []
      for (const [name, host] of hosts) {
        if (host.returnsAtMs === undefined) host.ejections = Math.max(0, host.ejections - 1)
        else if (nowMs >= host.returnsAtMs) {
          host.returnsAtMs = undefined
          host.failuresInRow = 0
          out.delete(name)
          events.push({ kind: 'returned', host: name })
        }
      }
      for (const name of belowTheOthers(hosts, options)) {
        const host = hosts.get(name)
        if (host !== undefined && !out.has(name)) events.push(eject(name, host, 'SuccessRate', nowMs))
      }
      for (const host of hosts.values()) host.successes = host.total = 0
      return events
    },
    ejected: () => new Set(out),
  }
}

function newHost(): Host {
  return { failuresInRow: 0, successes: 0, total: 0, ejections: 0, returnsAtMs: undefined }
}

/** Hosts whose success rate is too far below the mean, worst first. */
function belowTheOthers(hosts: ReadonlyMap<string, Host>, options: OutlierOptions): readonly string[] {
  const { successRateMinHosts = 5, successRateVolume = 100, successRateDeviations = 1.9 } = options
  const rates = [...hosts]
    .filter(([, { total }]) => total > 0 && total >= successRateVolume)
    .map(([name, { successes, total }]) => ({ name, rate: successes / total }))
  if (successRateMinHosts === 0 || rates.length < successRateMinHosts) return []
  const mean = rates.reduce((sum, { rate }) => sum + rate, 0) / rates.length
  const variance = rates.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / rates.length
  const least = mean - successRateDeviations * Math.sqrt(variance)
  return rates
    .filter(({ rate }) => rate < least)
    .sort((a, b) => a.rate - b.rate || compareText(a.name, b.name))
    .map(({ name }) => name)
}

function assertOptions(options: OutlierOptions): void {
  const { consecutiveFailures = 5, baseEjectionMs = 30_000, maxEjectionMs = 300_000 } = options
  const { maxEjectionPercent = 10, successRateMinHosts = 5, successRateVolume = 100 } = options
  const { successRateDeviations = 1.9 } = options
  const problems: FieldProblem[] = [
    ...wholeNumber('consecutiveFailures', consecutiveFailures),
    ...wholeNumber('baseEjectionMs', baseEjectionMs, { min: 1 }),
    ...wholeNumber('maxEjectionMs', maxEjectionMs, { min: 1 }),
    ...wholeNumber('maxEjectionPercent', maxEjectionPercent, { max: 100 }),
    ...wholeNumber('successRateMinHosts', successRateMinHosts),
    ...wholeNumber('successRateVolume', successRateVolume, { min: 1 }),
  ]
  if (!(Number.isFinite(successRateDeviations) && successRateDeviations >= 0))
    problems.push({
      field: 'successRateDeviations',
      value: successRateDeviations,
      message: 'must be a finite number ≥ 0',
    })
  assertValid('outlier detection', problems)
}
