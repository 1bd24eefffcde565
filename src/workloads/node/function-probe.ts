import { assertKnown, knownOptions } from '../../core/internal.js'
import type { ProbeDeadline, ProbeReport } from './settle-once.js'
import { settleOnce } from './settle-once.js'

/** A function of the program as a probe. */
export interface FunctionProbeOptions extends ProbeDeadline {
  /** True, or nothing at all, is a success; false and an error are failures. The signal ends with the probe. */
  readonly check: (signal: AbortSignal) => boolean | undefined | Promise<boolean | undefined>
}

const FUNCTION_PROBE_OPTIONS = /* @__PURE__ */ knownOptions<FunctionProbeOptions>('probeFunction', {
  timeoutMs: true,
  signal: true,
  env: true,
  check: true,
})

/**
 * Calls a function. Every outcome but success is a failure, never a rejection; one that takes too long is told by its
 * signal, and what it says later is ignored.
 */
export function probeFunction(options: FunctionProbeOptions): Promise<ProbeReport> {
  assertKnown(options, FUNCTION_PROBE_OPTIONS)
  return settleOnce(options, settle => {
    const over = new AbortController()
    const failed = (error: unknown): void =>
      settle({ result: 'failure', message: error instanceof Error ? error.message : String(error) })
    const done = (isWell: boolean | undefined): void =>
      settle(
        isWell === false
          ? { result: 'failure', message: 'the check said no' }
          : { result: 'success', message: 'the check passed' },
      )
    void Promise.resolve()
      .then(() => options.check(over.signal))
      .then(done, failed)
    return () => over.abort()
  })
}
