import type { Condition, RunningTask, Task, TaskExit, TaskStatus } from '../api/index.js'
import { formatTime, setCondition } from '../core/index.js'

import type { ProbeVerdict } from './probe-machine.js'
import type { EndCause } from './task-lifecycle.js'

type ConditionInput = Omit<Condition, 'lastTransitionTime'>

/** The status of a task that runs. Without a readiness probe it is ready as soon as it runs. */
export function runningStatus(
  task: Task,
  running: RunningTask,
  readiness: ProbeVerdict | undefined,
  times: { readonly startedAtMs: number; readonly nowMs: number },
): TaskStatus {
  const ready: ConditionInput =
    readiness === undefined
      ? { type: 'Ready', status: 'True', reason: 'Running', message: 'The task runs' }
      : readiness.status === 'healthy'
        ? { type: 'Ready', status: 'True', reason: 'ProbeSucceeded', message: readiness.message }
        : { type: 'Ready', status: 'False', reason: 'ProbeFailed', message: readiness.message }
  return {
    ...task.status,
    phase: 'Running',
    address: running.address,
    ports: running.ports,
    startTime: formatTime(times.startedAtMs),
    conditions: setCondition(task.status?.conditions, ready, formatTime(times.nowMs)),
  }
}

/** How a task has ended, as its node knows it. */
export interface TaskEnd {
  readonly exit: TaskExit
  readonly startedAtMs?: number
  readonly cause?: EndCause
}

/**
 * The status of a task that has ended. Exit code 0 is success, everything else a failure; so is a task that its node
 * ended for a cause, whatever it answered to the signal.
 */
export function endedStatus(task: Task, { exit, startedAtMs, cause }: TaskEnd, nowMs: number): TaskStatus {
  const phase = exit.exitCode === 0 && cause === undefined ? 'Succeeded' : 'Failed'
  const message = cause === undefined ? exit.message : `${cause.message}; ${exit.message}`
  const reason = cause?.reason ?? exit.signal
  const ready: ConditionInput = { type: 'Ready', status: 'False', reason: cause?.reason ?? phase, message }
  return {
    ...task.status,
    phase,
    message,
    ...(exit.exitCode === undefined ? {} : { exitCode: exit.exitCode }),
    ...(reason === undefined ? {} : { reason }),
    ...(startedAtMs === undefined ? {} : { startTime: formatTime(startedAtMs) }),
    finishTime: formatTime(nowMs),
    conditions: setCondition(task.status?.conditions, ready, formatTime(nowMs)),
  }
}
