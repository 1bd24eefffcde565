import type { ProbeResult } from '../../api/index.js'
import type { Cancel, Env } from '../../core/index.js'
import type { ProbeMachine, ProbeVerdict } from '../probe-machine.js'

/** What a prober works with. */
export interface TaskProberOptions {
  readonly env: Env
  readonly machine: ProbeMachine<unknown>
  /** Runs the probe once. A rejection counts as a failure. */
  probe(): Promise<ProbeResult>
  /** Called when the verdict's status changes. */
  changed(verdict: ProbeVerdict): void
}

/** Probes again and again, one probe at a time, until it is stopped or its `Env` closes. */
export function startTaskProber(options: TaskProberOptions): Cancel {
  const { env, machine } = options
  let state = machine.initial(env.clock.now())
  let stopped = false
  let cancelTimer: Cancel = () => {}

  const arm = (): void => {
    const waitMs = Math.max(0, machine.nextProbeAtMs(state) - env.clock.now())
    cancelTimer = env.clock.after(waitMs, () => void run())
  }
  const run = async (): Promise<void> => {
    const found = await options
      .probe()
      .catch((error: unknown): ProbeResult => ({ result: 'failure', message: String(error) }))
    if (stopped || env.closed) return
    const before = machine.status(state)
    state = machine.step(state, { atMs: env.clock.now(), result: found.result })
    const status = machine.status(state)
    if (status !== before) options.changed({ status, message: found.message })
    if (!stopped) arm()
  }

  arm()
  return () => {
    stopped = true
    cancelTimer()
  }
}
