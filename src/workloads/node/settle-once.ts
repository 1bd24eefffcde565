import type { Env } from '../../core/index.js'
import { systemEnv } from '../../core/index.js'

/** How long a probe may take. */
export interface ProbeDeadline {
  /** Whole probe, connecting or starting included; > 0. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly env?: Env
}

/** What a probe found; `message` says why, for people. */
export interface ProbeReport {
  readonly result: 'success' | 'failure'
  readonly message: string
}

/** Runs one probe with a deadline; whatever comes first counts, and `stop` runs exactly once. */
export function settleOnce(
  options: ProbeDeadline,
  start: (settle: (report: ProbeReport) => void) => () => void,
): Promise<ProbeReport> {
  const { timeoutMs, signal, env = systemEnv } = options
  return new Promise(resolve => {
    if (signal?.aborted) return resolve({ result: 'failure', message: 'aborted' })
    let stop: (() => void) | undefined
    let settled = false
    const settle = (report: ProbeReport): void => {
      if (settled) return
      settled = true
      cancel()
      signal?.removeEventListener('abort', aborted)
      stop?.()
      resolve(report)
    }
    const aborted = (): void => settle({ result: 'failure', message: 'aborted' })
    const cancel = env.clock.after(timeoutMs, () =>
      settle({ result: 'failure', message: `no answer within ${timeoutMs} ms` }),
    )
    signal?.addEventListener('abort', aborted)
    try {
      stop = start(settle)
    } catch (error) {
      settle({ result: 'failure', message: error instanceof Error ? error.message : String(error) })
    }
  })
}
