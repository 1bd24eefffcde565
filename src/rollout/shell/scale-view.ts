import type { Deployment, Task } from '../../api/index.js'
import { isTaskActive } from '../../api/index.js'
import { isHealthyTask } from '../../api/internal.js'
import { findCondition, parseTime } from '../../core/index.js'
import { compareText } from '../../core/internal.js'

/** What an autoscaler may go by while a Deployment is rolled out. */
export interface ScaleView {
  /** What is wanted: the number to reckon from, and to write. What is there has a surge, and what stops. */
  readonly desired: number
  /** Tasks that serve: those over which a metric is averaged. */
  readonly servingAvailable: number
  /** Names of the others, whose samples mislead: not ready, not ready for long enough, stopping, or ended. */
  readonly exclude: readonly string[]
  /** Epoch ms at which one of those is ready for long enough. Absent when none is on its way there. */
  readonly wakeAtMs?: number
}

/**
 * What of a Deployment's tasks counts for an autoscaler. Pure. Kubernetes' reckons from what is there, so that a rollout with
 * a surge scales itself up (kubernetes#72775, #84142).
 *
 * @param tasks those of all its revisions
 */
export function scaleView({ spec }: Deployment, tasks: readonly Task[], nowMs: number): ScaleView {
  const readyMs = (spec.minReadySeconds ?? 0) * 1_000
  const exclude: string[] = []
  let wakeAtMs: number | undefined
  for (const task of tasks) {
    const { metadata, status } = task
    const isServing = isTaskActive(task) && metadata.deletionTimestamp === undefined && isHealthyTask(task)
    const ready = isServing ? findCondition(status?.conditions, 'Ready') : undefined
    const availableAtMs = ready === undefined ? undefined : parseTime(ready.lastTransitionTime) + readyMs
    if (availableAtMs !== undefined && availableAtMs <= nowMs) continue
    exclude.push(metadata.name)
    if (availableAtMs !== undefined) wakeAtMs = Math.min(availableAtMs, wakeAtMs ?? availableAtMs)
  }
  return {
    desired: spec.replicas,
    servingAvailable: tasks.length - exclude.length,
    exclude: exclude.sort(compareText),
    ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
  }
}
