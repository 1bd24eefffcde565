import type { ProbeResult } from '../../api/index.js'
import type { Env } from '../../core/index.js'
import type { ProcessOptions } from './process-group.js'
import { signalGroup, startGroup } from './process-group.js'

/** How long a probe may take. */
export interface ProbeLimits {
  readonly timeoutMs: number
  readonly env: Env
  readonly signal?: AbortSignal
}

/** Runs a command; success is exit code 0. Every other outcome is a failure, never a rejection, and leaves no process. */
export async function runExecProbe(
  options: ProcessOptions,
  { timeoutMs, env, signal }: ProbeLimits,
): Promise<ProbeResult> {
  if (signal?.aborted === true) return { result: 'failure', message: 'aborted' }
  try {
    const child = await startGroup(options)
    return await new Promise(resolve => {
      const end = (report: ProbeResult): void => {
        cancel()
        signal?.removeEventListener('abort', aborted)
        signalGroup(child, 'SIGKILL')
        resolve(report)
      }
      const aborted = (): void => end({ result: 'failure', message: 'aborted' })
      const late = `no end within ${timeoutMs} ms`
      const cancel = env.clock.after(timeoutMs, () => end({ result: 'failure', message: late }))
      signal?.addEventListener('abort', aborted)
      child.once('exit', (code, by) => {
        const message = by === null ? `exit code ${code}` : `ended by ${by}`
        end({ result: code === 0 ? 'success' : 'failure', message })
      })
    })
  } catch (error) {
    return { result: 'failure', message: error instanceof Error ? error.message : String(error) }
  }
}
