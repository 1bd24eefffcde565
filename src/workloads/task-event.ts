import type { TaskStatus } from '../api/index.js'
import { findCondition } from '../api/index.js'

/** What people are told; the input of a recorder, without the object. */
export interface LoopEvent {
  readonly type?: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

/**
 * What a change of a task's status is worth telling: that it runs, that it failed its readiness probe, and how it ended.
 * The reasons are the kubelet's where it has one.
 */
export function taskEvent(before: TaskStatus | undefined, after: TaskStatus): LoopEvent | undefined {
  const note = after.message ?? ''
  if (after.phase === 'Succeeded') return { reason: 'Completed', note }
  if (after.phase === 'Failed') {
    const reason = after.reason?.endsWith('ProbeFailed') === true ? 'Unhealthy' : 'Failed'
    return { type: 'Warning', reason, note }
  }
  if (before?.phase !== 'Running') return { reason: 'Started', note: `runs at ${after.address}` }
  const wasReady = findCondition(before.conditions, 'Ready')?.status === 'True'
  const ready = findCondition(after.conditions, 'Ready')
  if (!wasReady || ready?.reason !== 'ProbeFailed') return undefined
  return { type: 'Warning', reason: 'Unhealthy', note: `readiness probe failed: ${ready.message}` }
}
