import type { Probe, ProbeResult } from '../api/index.js'

/** Turns single probe results into a verdict; `createHealthMachine` of `keelson/discovery` makes one by any rules. */
export interface ProbeMachine<State> {
  initial(nowMs: number): State
  step(state: State, observed: { readonly atMs: number; readonly result: ProbeResult['result'] }): State
  status(state: State): 'healthy' | 'unhealthy' | 'unknown'
  nextProbeAtMs(state: State): number
}

/** Makes the machine for one probe; readiness begins unhealthy, liveness healthy, startup unknown. */
export type ProbeMachineFactory = (
  probe: Probe,
  use: 'readiness' | 'liveness' | 'startup',
) => ProbeMachine<unknown>

/** What the prober knows. */
export interface ProbeVerdict {
  readonly status: 'healthy' | 'unhealthy' | 'unknown'
  readonly message: string
}
