import type { RunningTask, Task, TaskExit } from '../api/index.js'
import { isTaskFinished } from '../api/index.js'

/** What a node knows of a task by itself, apart from what the store says. */
export type LocalTask =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly running: RunningTask; readonly startedAtMs: number }
  | { readonly kind: 'stopping'; readonly startedAtMs: number }
  | {
      readonly kind: 'exited'
      readonly exit: TaskExit
      readonly startedAtMs?: number
      readonly cause?: EndCause
      /** True when it was asked to stop: its exit says nothing about what it was to do. Default false. */
      readonly isStopped?: boolean
    }

/** Why a node ended a task that would have gone on. */
export interface EndCause {
  /** Upper camel case; the reason of the task's status. */
  readonly reason: string
  /** A sentence for people. */
  readonly message: string
}

/** The next thing a node does about a task. */
export type TaskStep =
  | { readonly kind: 'none' }
  /** Hold the object with our finalizer, then start the process. */
  | { readonly kind: 'start' }
  /** Ask the process to stop; it is still ours until it has. */
  | { readonly kind: 'stop' }
  /** Write what runs into the status. */
  | { readonly kind: 'report-running'; readonly running: RunningTask; readonly startedAtMs: number }
  /** Write the end into the status. */
  | {
      readonly kind: 'report-exit'
      readonly exit: TaskExit
      readonly startedAtMs?: number
      readonly cause?: EndCause
    }
  /** The store says it runs and we have no process: our predecessor's died with it. */
  | { readonly kind: 'report-lost' }
  /** Nothing runs any more: let the object go. */
  | { readonly kind: 'release' }
  /** Drop what we remember. */
  | { readonly kind: 'forget' }

/**
 * Decides a node's next step about one task. `task` is undefined when the object is gone, belongs to another
 * node, or is a namesake with another uid. Level-triggered: it looks at states, never at what happened.
 */
export function nextTaskStep(task: Task | undefined, local: LocalTask | undefined): TaskStep {
  if (task === undefined)
    return stepWhenUnwanted(local, local === undefined ? { kind: 'none' } : { kind: 'forget' })
  if (task.metadata.deletionTimestamp !== undefined) {
    const endedItself = local?.kind === 'exited' && local.isStopped !== true && !isTaskFinished(task)
    return endedItself ? { ...local, kind: 'report-exit' } : stepWhenUnwanted(local, { kind: 'release' })
  }
  if (isTaskFinished(task)) return local?.kind === 'running' ? { kind: 'stop' } : { kind: 'none' }
  if (local === undefined)
    return task.status?.phase === 'Running' ? { kind: 'report-lost' } : { kind: 'start' }
  switch (local.kind) {
    case 'starting':
    case 'stopping':
      return { kind: 'none' }
    case 'running':
      return { kind: 'report-running', running: local.running, startedAtMs: local.startedAtMs }
    case 'exited':
      return { ...local, kind: 'report-exit' }
  }
}

/** Towards nothing that runs; `last` is what is done when nothing does. */
function stepWhenUnwanted(local: LocalTask | undefined, last: TaskStep): TaskStep {
  switch (local?.kind) {
    case 'running':
      return { kind: 'stop' }
    case 'starting':
    case 'stopping':
      return { kind: 'none' }
    case 'exited':
    case undefined:
      return last
  }
}
