import { expect } from 'vitest'
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
