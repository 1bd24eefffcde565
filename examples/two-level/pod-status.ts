import type { Condition, Task, TaskStatus } from 'keelson/api'
import { findCondition } from 'keelson/api'
import { formatTime, setCondition } from 'keelson/core'
import type { TaskState, TaskUpdate } from 'keelson/offers'

/** How a task of the pool ended by itself; any other end was its node's, or the pool's. */
const OWN_END: ReadonlySet<TaskState> = new Set(['finished', 'failed', 'error'])
const ALIVE: ReadonlySet<TaskState> = new Set(['staging', 'starting', 'running', 'killing', 'unreachable'])

/** Reason of a pod that runs and has to answer first. */
const NOT_PROBED = 'NotProbed'
/** Reason of a pod that was told to stop. */
const STOPPING = 'Stopping'

/** Whether a task in the state runs no more. */
export function isOver(state: TaskState): boolean {
  return !ALIVE.has(state)
}

/** The status of a pod once the pool said something of its task: what a kubelet would have written. */
export function statusAfter(pod: Task, update: TaskUpdate): TaskStatus {
  const { state, message = '', atMs } = update
  const time = formatTime(atMs)
  if (isOver(state)) return endedStatus(pod, update)
  if (state === 'running') return runningStatus(pod, message, time)
  const ready = { type: 'Ready', status: 'Unknown', reason: 'Unreachable', message } as const
  const conditions =
    state === 'unreachable'
      ? setCondition(pod.status?.conditions, ready, time)
      : state === 'killing'
        ? setCondition(pod.status?.conditions, { ...ready, status: 'False', reason: STOPPING }, time)
        : pod.status?.conditions
  return { ...pod.status, ...(conditions === undefined ? {} : { conditions }) }
}

/** The status of a pod that was given a node. */
export function scheduledStatus({ status }: Task, node: string, nowMs: number): TaskStatus {
  const scheduled = { type: 'Scheduled', status: 'True', reason: 'Claimed', message: `on ${node}` } as const
  return { ...status, conditions: setCondition(status?.conditions, scheduled, formatTime(nowMs)) }
}

/** The status of a pod that answered its readiness probe. */
export function readyStatus(pod: Task, nowMs: number): TaskStatus {
  const ready = { type: 'Ready', status: 'True', reason: 'ProbeSucceeded', message: 'It answers' } as const
  return { ...pod.status, conditions: setCondition(pod.status?.conditions, ready, formatTime(nowMs)) }
}

/** Where a pod that runs, and has not answered its readiness probe yet, is to be asked; undefined for any other. */
export function probeAddress({ status }: Task): string | undefined {
  const port = status?.ports?.[0]?.hostPort
  const isDue = findCondition(status?.conditions, 'Ready')?.reason === NOT_PROBED
  return isDue && port !== undefined ? `${status?.address}:${port}` : undefined
}

/** Whether the pod was told to stop: a second signal might end it less politely. */
export function isStopping({ status }: Task): boolean {
  return findCondition(status?.conditions, 'Ready')?.reason === STOPPING
}

/** @param at address and port, as the driver reports them; empty when it was given no port */
function runningStatus({ spec, status }: Task, at: string, time: string): TaskStatus {
  const [address, hostPort] = at.split(':')
  const [port] = spec.ports ?? []
  const ready: Omit<Condition, 'lastTransitionTime'> =
    spec.readinessProbe === undefined
      ? { type: 'Ready', status: 'True', reason: 'Running', message: 'It runs' }
      : { type: 'Ready', status: 'False', reason: NOT_PROBED, message: 'It has not answered yet' }
  return {
    ...status,
    phase: 'Running',
    startTime: time,
    ...(address && port
      ? { address, ports: [{ ...port, protocol: port.protocol ?? 'TCP', hostPort: Number(hostPort) }] }
      : {}),
    conditions: setCondition(status?.conditions, ready, time),
  }
}

/** An end that was not its own is a disruption, which Jobs may ignore. */
function endedStatus({ status }: Task, { state, message = '', atMs }: TaskUpdate): TaskStatus {
  const time = formatTime(atMs)
  const phase = state === 'finished' ? 'Succeeded' : 'Failed'
  const ready = { type: 'Ready', status: 'False', reason: phase, message } as const
  const disrupted = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'TerminationByPool',
    message,
  } as const
  const conditions = setCondition(status?.conditions, ready, time)
  return {
    ...status,
    phase,
    reason: state,
    message,
    finishTime: time,
    conditions: OWN_END.has(state) ? conditions : setCondition(conditions, disrupted, time),
  }
}
