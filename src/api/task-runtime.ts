import type { Cancel } from '../core/index.js'
import type { Probe, ProbeResult } from './probe.js'
import type { Task, TaskPortStatus } from './task.js'

/** Where a started task can be reached. */
export interface RunningTask {
  readonly address: string
  readonly ports: readonly TaskPortStatus[]
}

/** How a task ended. */
export interface TaskExit {
  /** uid of the task. */
  readonly uid: string
  /** Exit code; absent when a signal ended it. */
  readonly exitCode?: number
  readonly signal?: string
  /** A sentence for people. */
  readonly message: string
}

/**
 * Runs tasks on one node: child processes, containers, or a simulation.
 *
 * Guarantees asked of an implementation: each started task exits exactly once and is then reported to every
 * listener of `exits`; `stop` resolves only after that; calls for an unknown uid reject.
 */
export interface TaskRuntime {
  /** @throws any error when the task cannot be started; it then never exits */
  start(task: Task): Promise<RunningTask>
  /** Asks politely, and after `graceMs` no longer. */
  stop(uid: string, graceMs: number): Promise<TaskExit>
  exits(listener: (exit: TaskExit) => void): Cancel
  probe(uid: string, probe: Probe, signal?: AbortSignal): Promise<ProbeResult>
}
