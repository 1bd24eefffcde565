import { expect } from 'vitest'
import { createOutlierDetection, createTaskHealth } from '../../src/discovery/health/index.js'
import type { HealthMachine, HealthState, ProbeOutcome } from '../../src/discovery/index.js'
import {
  createHealthMachine,
  createProbeMachine,
  dockerHealth,
  marathonHealth,
} from '../../src/discovery/index.js'
import type { Case } from './discovery-case.js'

interface Probed {
  readonly atMs: number
  readonly result: ProbeOutcome
}

function states(machine: HealthMachine, probed: readonly Probed[]): readonly HealthState[] {
  let state = machine.initial(0)
  return probed.map(observed => {
    state = machine.step(state, observed)
    return state
  })
}

/** The numbers that a pattern finds in the case's `given`. */
function numbers(example: Case, pattern: RegExp): readonly number[] | undefined {
  return pattern
    .exec(example.given ?? '')
    ?.slice(1)
    .map(Number)
}

const outcome = (ok: boolean): ProbeOutcome => (ok ? 'success' : 'failure')

export function checkHealth(example: Case): void {
  const docker = numbers(example, /start_period (\d+) s, retries (\d+), interval (\d+) s/)
  const marathon = numbers(example, /grace (\d+), interval (\d+), maxConsecutiveFailures (\d+)/)
  if (docker !== undefined) checkDocker(example, docker)
  else if (marathon !== undefined) checkMarathon(example, marathon)
  else checkKubernetes(example, numbers(example, /successThreshold (\d+)/)?.[0] ?? 1)
}

function checkKubernetes(example: Case, successThreshold: number): void {
  const results = example.input as readonly ProbeOutcome[]
  const found = states(
    createProbeMachine({ successThreshold }),
    results.map((result, i) => ({ atMs: 10_000 * i, result })),
  )
  const rows = found.map((state, i) => {
    const ignored = results[i] === 'error' ? { ignored: true } : {}
    return { result: results[i], state: state.status === 'healthy' ? 'success' : 'failure', ...ignored }
  })
  expect(rows).toEqual(example.expect)
}

function checkDocker(
  example: Case,
  [startPeriodSeconds = 0, retries = 0, intervalSeconds = 0]: readonly number[],
): void {
  const rows = example.input as readonly { t: number; code: number }[]
  const probed = rows.map(({ t, code }) => ({ atMs: t * 1000, result: outcome(code === 0) }))
  const found = states(
    createHealthMachine(dockerHealth({ startPeriodSeconds, retries, intervalSeconds })),
    probed,
  )
  const status = { unknown: 'starting', healthy: 'healthy', unhealthy: 'unhealthy' }
  expect(
    found.map((state, i) => ({ ...rows[i], streak: state.failures, status: status[state.status] })),
  ).toEqual(example.expect)
}

function checkMarathon(
  example: Case,
  [gracePeriodSeconds = 0, intervalSeconds = 0, max = 0]: readonly number[],
): void {
  const rows = example.input as readonly { t: number; ok: boolean }[]
  const probed = rows.map(({ t, ok }) => ({ atMs: t * 1000, result: outcome(ok) }))
  const found = states(
    createHealthMachine(marathonHealth({ gracePeriodSeconds, intervalSeconds, maxConsecutiveFailures: max })),
    probed,
  )
  const lines = rows.map((row, i) => {
    const state = found[i]
    const ignored = !row.ok && state?.failures === 0 ? { ignoredInGrace: true } : {}
    const kill = state?.status === 'unhealthy' ? { kill: true } : {}
    return { ...row, consecutiveFailures: state?.failures, alive: row.ok, ...ignored, ...kill }
  })
  expect(lines).toEqual(example.expect)
}

/** Which of three probes are run: until the startup probe has succeeded, and once the task is to be stopped. */
export function checkGates(example: Case): void {
  const health = createTaskHealth({ startup: {}, liveness: {}, readiness: {} })
  const isRun = (state: ReturnType<typeof health.initial>, use: string): boolean =>
    health.due(state).some(probe => probe.use === use)
  const steps = example.input as readonly string[]
  let state = health.initial(0)
  if (example.given?.includes('deletion') === true) {
    const started = health.step(state, { use: 'startup', atMs: 0, result: 'success' })
    const failing = [1, 2, 3].reduce(
      (before, atMs) => health.step(before, { use: 'liveness', atMs, result: 'failure' }),
      started,
    )
    expect(health.verdict(failing).restart).toBe('liveness')
    state = health.stop(failing)
    expect(health.verdict(state).restart).toBeUndefined()
    const found = steps.map(use => (isRun(state, use) ? 'keeps probing' : 'set success and stop'))
    return expect(found).toEqual(example.expect)
  }
  const found = steps.map(step => {
    const [use = '', action] = step.split(' ')
    if (action === 'tick') return isRun(state, use) ? 'run' : 'not run'
    state = health.step(state, { use: 'startup', atMs: 0, result: 'success' })
    return `started=${health.verdict(state).started}`
  })
  expect(found).toEqual(example.expect)
}

interface Observed {
  readonly t?: number
  readonly host?: string
  readonly ok?: boolean
  readonly sweep?: number
}

export function checkOutliers(example: Case): void {
  const numbersOf = (pattern: RegExp): number => Number(pattern.exec(example.given ?? '')?.[1])
  const detection = createOutlierDetection({
    consecutiveFailures: numbersOf(/(\d+) consecutive/),
    baseEjectionMs: 1000 * numbersOf(/base (\d+) s/),
    maxEjectionPercent: numbersOf(/max (\d+) %/),
  })
  const count = numbersOf(/of (\d+) hosts/)
  detection.update(Array.from({ length: count }, (_, i) => String.fromCharCode(97 + i)))
  const rows = (example.input as readonly Observed[]).flatMap(({ t, host = '', ok = true, sweep }) => {
    const at = sweep ?? t ?? 0
    const events = sweep === undefined ? detection.observe(host, ok, at * 1000) : detection.sweep(at * 1000)
    return events.map(event => {
      if (event.kind === 'ejected')
        return { t: at, host: event.host, eject: true, forSeconds: event.forMs / 1000 }
      if (event.kind === 'returned') return { t: at, host: event.host, uneject: true }
      return { t: at, host: event.host, ejectRefused: 'max_ejection_percent' }
    })
  })
  expect(rows).toEqual(example.expect)
}
