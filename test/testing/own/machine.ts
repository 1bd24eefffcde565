import type { RunningTask, Task, TaskExit, TaskRuntime } from '../../../src/api/index.js'
import type { Env } from '../../../src/core/index.js'

/** A node's processes. They are children of the agent's process, and die with it. */
export interface Machine extends TaskRuntime {
  /** Uids of tasks that have a process. */
  readonly running: ReadonlySet<string>
  /** One of them ends by itself. */
  fail(): void
}

const START_MS = 20
const STOP_MS = 200

/**
 * Processes that start and stop after a moment. What stays of them is in `outside`: one that still runs, and every
 * task that was started twice.
 */
export function createMachine(env: Env, outside: Map<string, unknown>): Machine {
  const running = new Set<string>()
  const names = new Map<string, string>()
  const listeners = new Set<(exit: TaskExit) => void>()
  const show = (): void => {
    const shown = [...running].map(uid => names.get(uid) ?? uid).sort()
    if (shown.length > 0) outside.set('processes', shown)
    else outside.delete('processes')
  }
  const end = (exit: TaskExit): TaskExit => {
    if (!running.delete(exit.uid)) return exit
    show()
    for (const listener of listeners) listener(exit)
    return exit
  }
  show()
  return {
    running,
    fail() {
      const [uid] = running
      if (uid !== undefined && !env.closed) end({ uid, exitCode: 1, message: 'failed' })
    },
    async start(task: Task): Promise<RunningTask> {
      const { uid, name } = task.metadata
      await env.clock.sleep(START_MS)
      if (names.has(uid)) outside.set(`${name} was started twice`, true)
      names.set(uid, name)
      running.add(uid)
      show()
      return { address: '10.1.0.1', ports: [] }
    },
    async stop(uid: string): Promise<TaskExit> {
      if (!running.has(uid)) throw new Error(`no process of ${uid}`)
      await env.clock.sleep(STOP_MS)
      return end({ uid, signal: 'SIGTERM', message: 'ended by SIGTERM' })
    },
    probe: async () => ({ result: 'success', message: 'well' }),
    exits(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
