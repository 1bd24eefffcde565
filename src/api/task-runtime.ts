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

/** A task that runs, or has ended, as its runtime knows it. */
export interface ListedTask {
  /** uid of the task. */
  readonly uid: string
  readonly namespace?: string
  readonly name: string
  /** Its node, for a runtime that several agents share: none takes over what is another's. Default: of whoever asks. */
  readonly nodeName?: string
  readonly running: RunningTask
  /** Epoch ms. */
  readonly startedAtMs: number
  /** It was asked to stop: its end says nothing about what it was to do. Default false. */
  readonly isStopping?: boolean
  /** How it has ended, since no agent may have heard of it. Absent while it runs. */
  readonly exit?: TaskExit
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
  /**
   * What runs now, and what has ended lately, for a runtime whose tasks outlive the agent that started them: a node agent
   * that starts again takes them over, reports what has ended meanwhile, and stops those that have no object any more.
   * Default: nothing outlives it. A rejection is tried again.
   */
  list?(): Promise<readonly ListedTask[]>
  probe(uid: string, probe: Probe, signal?: AbortSignal): Promise<ProbeResult>
}
