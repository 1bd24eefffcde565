import type { FieldProblem } from '../errors.js'
import { assertValid } from '../errors.js'
import { assertKnown, knownOptions } from '../known-options.js'
import { wholeNumber } from '../whole-number.js'

/** What a machine says about the thing probed. `unknown` until there is enough evidence. */
export type HealthStatus = 'healthy' | 'unhealthy' | 'unknown'

/** What one probe found; `error` means that the probe itself could not be run. */
export type ProbeOutcome = 'success' | 'failure' | 'error'

/** How evidence turns into a verdict. */
export interface HealthMachineOptions {
  /** The verdict before any evidence. Default `unknown`. */
  readonly initial?: HealthStatus
  /** Time between probes, > 0. Default 10 000. */
  readonly intervalMs?: number
  /** Time before the first probe, ≥ 0. Default 0. */
  readonly initialDelayMs?: number
  /** Failures within this time of the start do not count, until the first success. ≥ 0, default 0. */
  readonly graceMs?: number
  /** Successes in a row that make it healthy, ≥ 1. Default 1. */
  readonly successThreshold?: number
  /** Failures in a row that make it unhealthy, ≥ 1. Default 3. */
  readonly failureThreshold?: number
}

/** Everything a machine remembers; plain data. */
export interface HealthState {
  readonly status: HealthStatus
  readonly startedAtMs: number
  /** Absent before the first probe. */
  readonly probedAtMs?: number
  /** Counted results of one sort in a row. Both are never above 0. */
  readonly successes: number
  readonly failures: number
  /** True after the first success: the grace period is over. */
  readonly graceEnded: boolean
}

/** A pure reducer over probe results. */
export interface HealthMachine {
  initial(nowMs: number): HealthState
  /**
   * A result below its threshold keeps the verdict. An `error` neither counts nor breaks a row.
   */
  step(state: HealthState, observed: { readonly atMs: number; readonly result: ProbeOutcome }): HealthState
  status(state: HealthState): HealthStatus
  /** When the next probe is due; it may be in the past. */
  nextProbeAtMs(state: HealthState): number
}

const HEALTH_MACHINE_OPTIONS = /* @__PURE__ */ knownOptions<HealthMachineOptions>('createHealthMachine', {
  initial: true,
  intervalMs: true,
  initialDelayMs: true,
  graceMs: true,
  successThreshold: true,
  failureThreshold: true,
})

/**
 * Makes the machine for one probe.
 *
 * @throws InvalidError for a threshold or time out of bounds
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createHealthMachine } from 'keelson/discovery'
 *
 * const machine = createHealthMachine({ failureThreshold: 2 })
 * let state = machine.step(machine.initial(0), { atMs: 0, result: 'success' })
 * state = machine.step(state, { atMs: 10_000, result: 'failure' })
 * assert.equal(machine.status(state), 'healthy')
 * state = machine.step(state, { atMs: 20_000, result: 'failure' })
 * assert.equal(machine.status(state), 'unhealthy')
 * assert.equal(machine.nextProbeAtMs(state), 30_000)
 * ```
 */
export function createHealthMachine(options: HealthMachineOptions = {}): HealthMachine {
  assertKnown(options, HEALTH_MACHINE_OPTIONS)
  const { initial = 'unknown', intervalMs = 10_000, initialDelayMs = 0, graceMs = 0 } = options
  const { successThreshold = 1, failureThreshold = 3 } = options
  assertBounds({ intervalMs, initialDelayMs, graceMs, successThreshold, failureThreshold })
  return {
    initial: nowMs => ({ status: initial, startedAtMs: nowMs, successes: 0, failures: 0, graceEnded: false }),
    step: (state, { atMs, result }) => {
      const probed = { ...state, probedAtMs: atMs }
      if (result === 'error') return probed
      if (result === 'success') {
        const successes = state.successes + 1
        const status = successes >= successThreshold ? 'healthy' : state.status
        return { ...probed, status, successes, failures: 0, graceEnded: true }
      }
      if (!state.graceEnded && atMs - state.startedAtMs < graceMs) return { ...probed, successes: 0 }
      const failures = state.failures + 1
      const status = failures >= failureThreshold ? 'unhealthy' : state.status
      return { ...probed, status, successes: 0, failures }
    },
    status: state => state.status,
    nextProbeAtMs: state =>
      state.probedAtMs === undefined ? state.startedAtMs + initialDelayMs : state.probedAtMs + intervalMs,
  }
}

function assertBounds(values: Readonly<Record<string, number>>): void {
  const problems: FieldProblem[] = []
  for (const [field, value] of Object.entries(values)) {
    const threshold = field.endsWith('Threshold')
    if (threshold) {
      problems.push(...wholeNumber(field, value, { min: 1 }))
    } else if (!(Number.isFinite(value) && (field === 'intervalMs' ? value > 0 : value >= 0))) {
      problems.push({
        field,
        value,
        message: `must be a finite number of milliseconds ${field === 'intervalMs' ? '> 0' : '≥ 0'}`,
      })
    }
  }
  assertValid('health machine', problems)
}
