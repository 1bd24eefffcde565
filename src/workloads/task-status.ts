import type { Condition, RunningTask, Task, TaskExit, TaskStatus } from '../api/index.js'
import { formatTime, setCondition } from '../core/index.js'

import type { ProbeVerdict } from './probe-machine.js'

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

/** The status of a task that has ended. Exit code 0 is success, everything else a failure. */
export function endedStatus(
  task: Task,
  exit: TaskExit,
  times: { readonly startedAtMs?: number; readonly nowMs: number },
): TaskStatus {
  const phase = exit.exitCode === 0 ? 'Succeeded' : 'Failed'
  const ready: ConditionInput = { type: 'Ready', status: 'False', reason: phase, message: exit.message }
  return {
    ...task.status,
    phase,
    message: exit.message,
    ...(exit.exitCode === undefined ? {} : { exitCode: exit.exitCode }),
    ...(exit.signal === undefined ? {} : { reason: exit.signal }),
    ...(times.startedAtMs === undefined ? {} : { startTime: formatTime(times.startedAtMs) }),
    finishTime: formatTime(times.nowMs),
    conditions: setCondition(task.status?.conditions, ready, formatTime(times.nowMs)),
  }
}
