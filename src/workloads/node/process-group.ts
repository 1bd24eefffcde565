import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { watchdog } from './watchdog.js'

/** What is run, and where. */
export interface ProcessOptions {
  readonly command: readonly string[]
  readonly directory: string
  readonly variables: Readonly<Record<string, string>>
  /** Where its output goes. */
  readonly output: 'pipe' | 'ignore'
}

/**
 * Starts a process as the leader of a group of its own; rejects when the command cannot be executed. What is left of the
 * group is killed when the leader ends, and when this process does.
 */
export function startGroup({ command, directory, variables, output }: ProcessOptions): Promise<ChildProcess> {
  const [file, ...args] = command
  if (file === undefined) return Promise.reject(new Error('the task has no command'))
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void =>
      reject(new Error(`command "${file}": ${error instanceof Error ? error.message : String(error)}`))
    try {
      const child = watchdog.guard(() =>
        spawn(file, args, {
          cwd: directory,
          env: variables,
          detached: true,
          stdio: ['ignore', output, output],
        }),
      )
      child.once('exit', () => {
        signalGroup(child, 'SIGKILL')
        watchdog.release(child)
      })
      child.once('spawn', () => {
        child.off('error', failed)
        // Errors of a process that runs are about signals that came too late.
        child.on('error', () => {})
        resolve(child)
      })
      child.once('error', failed)
    } catch (error) {
      failed(error)
    }
  })
}

/** Sends a signal to what is left of a group. A group outlives its leader as long as it has members. */
export function signalGroup(leader: ChildProcess, signal: NodeJS.Signals): void {
  if (leader.pid === undefined) return
  try {
    process.kill(-leader.pid, signal)
  } catch {
    // No such group: everything in it has ended.
  }
}
