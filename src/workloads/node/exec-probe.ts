import { assertKnown, knownOptions } from '../../core/internal.js'
import { signalGroup, startGroup } from './process-group.js'
import type { ProbeDeadline, ProbeReport } from './settle-once.js'
import { settleOnce } from './settle-once.js'

/** A command as a probe. */
export interface ExecProbeOptions extends ProbeDeadline {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[]
  /** Default: that of this process. */
  readonly directory?: string
  /** All environment variables that it gets. Default: none. */
  readonly variables?: Readonly<Record<string, string>>
}

const EXEC_PROBE_OPTIONS = /* @__PURE__ */ knownOptions<ExecProbeOptions>('probeExec', {
  command: true,
  directory: true,
  variables: true,
  timeoutMs: true,
  signal: true,
  env: true,
})

/**
 * Runs a command; success is exit code 0, and its output is not read. Every other outcome is a failure, never a rejection,
 * and leaves no process: what it has started is killed with it.
 */
export function probeExec(options: ExecProbeOptions): Promise<ProbeReport> {
  assertKnown(options, EXEC_PROBE_OPTIONS)
  const { command, directory = '.', variables = {} } = options
  return settleOnce(options, settle => {
    let isOver = false
    let stop = (): void => {}
    const failed = (error: unknown): void =>
      settle({ result: 'failure', message: error instanceof Error ? error.message : String(error) })
    startGroup({ command, directory, variables, output: 'ignore' }).then(child => {
      stop = () => signalGroup(child, 'SIGKILL')
      if (isOver) stop()
      child.once('exit', (code, by) => {
        const message = by === null ? `exit code ${code}` : `ended by ${by}`
        settle({ result: code === 0 ? 'success' : 'failure', message })
      })
    }, failed)
    return () => {
      isOver = true
      stop()
    }
  })
}
