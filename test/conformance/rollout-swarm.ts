import { parseDuration } from '../../src/core/internal.js'
import { swarmRollout } from '../../src/rollout/index.js'

/** The number of failures that is too many: that of the preset. */
export function swarmFirstTrigger(input: {
  readonly dirty: number
  readonly maxFailureRatio: number
}): number | null {
  const { onFailure } = swarmRollout({ max_failure_ratio: input.maxFailureRatio }, input.dirty)
  const tolerated = typeof onFailure === 'object' ? onFailure.maxFailures : undefined
  return tolerated === undefined ? null : tolerated + 1
}

/** Seconds that a service is watched after its last batch: those of the preset. */
export function swarmTailMonitor({
  delay,
  monitor,
}: Readonly<Record<'delay' | 'monitor', number>>): number | undefined {
  const [gate] = swarmRollout({ delay: `${delay}s`, monitor: `${monitor}s` }, 1).strategy.gates ?? []
  return gate?.kind === 'soak' ? gate.ms / parseDuration('1s', 'second') : undefined
}

/** Whether the end of a task is a failure of the update: each counts once, in its first seconds. */
export function swarmCounts(input: {
  readonly createdByUpdate: boolean
  readonly runningAt: number | null
  readonly failedAt: number
  readonly monitor: number
  readonly seen?: boolean
}): boolean {
  const { createdByUpdate, runningAt, failedAt, monitor, seen = false } = input
  return createdByUpdate && !seen && (runningAt === null || failedAt - runningAt <= monitor)
}

/** The status of a service's update after an event. */
export function swarmStatus(input: {
  readonly status: string | null
  readonly event: 'start' | 'exceeded' | 'complete' | 'manual-rollback'
  readonly action?: 'pause' | 'continue' | 'rollback'
  readonly hasPrevious?: boolean
}): string | null {
  const { status, event, action, hasPrevious = true } = input
  const isBack = status === 'rollback_started'
  switch (event) {
    case 'start':
      return isBack ? status : 'updating'
    case 'complete':
      return isBack ? 'rollback_completed' : 'completed'
    case 'manual-rollback':
      return hasPrevious ? 'rollback_started' : 'error:FailedPrecondition'
    case 'exceeded':
      if (action === 'pause' || (action === 'rollback' && isBack))
        return isBack ? 'rollback_paused' : 'paused'
      return action === 'rollback' && hasPrevious ? 'rollback_started' : status
  }
}
