import type { ProbeResult } from '../../api/index.js'
import type { Cancel, Env } from '../../core/index.js'
import type { ProbeMachine, ProbeVerdict } from '../probe-machine.js'

/** What a prober works with. */
export interface TaskProberOptions {
  readonly env: Env
  readonly machine: ProbeMachine<unknown>
  /** Runs the probe once. A rejection is an `error`: it could not be asked. */
  probe(): Promise<ProbeResult>
  /** What was told of it so far. Default: what the machine begins with. */
  readonly told?: ProbeVerdict['status']
  /** Called when the verdict's status is another than told before. */
  changed(verdict: ProbeVerdict): void
}

/** Probes again and again, one probe at a time, until it is stopped or its `Env` closes. */
export function startTaskProber(options: TaskProberOptions): Cancel {
  const { env, machine } = options
  let state = machine.initial(env.clock.now())
  let told = options.told ?? machine.status(state)
  let stopped = false
  let cancelTimer: Cancel = () => {}

  const arm = (): void => {
    const waitMs = Math.max(0, machine.nextProbeAtMs(state) - env.clock.now())
    cancelTimer = env.clock.after(waitMs, () => void run())
  }
  const run = async (): Promise<void> => {
    const found = await options
      .probe()
      .catch((error: unknown): ProbeResult => ({ result: 'error', message: String(error) }))
    if (stopped || env.closed) return
    if (found.result === 'error')
      env.logger.warn({ probe: found.message }, 'a task could not be probed; the verdict stays')
    state = machine.step(state, { atMs: env.clock.now(), result: found.result })
    const status = machine.status(state)
    if (status !== told && found.result !== 'error') {
      told = status
      options.changed({ status, message: found.message })
    }
    if (!stopped) arm()
  }

  arm()
  return () => {
    stopped = true
    cancelTimer()
  }
}
