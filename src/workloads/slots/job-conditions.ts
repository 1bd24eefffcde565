import type { SlotSet } from '../../api/index.js'
import { formatTime, setCondition } from '../../core/index.js'

/** Slots, or nodes, of a job. */
export interface JobCounts {
  readonly completed: number
  readonly stopped: number
  /** Those that have to be complete. */
  readonly toComplete: number
}

/**
 * What a job says of itself: `Complete` when all have ended well, `Failed` when some are given up. One that is for nodes is
 * not complete while there are none. Pure.
 */
export function jobConditions(
  { spec, status }: SlotSet,
  { completed, stopped, toComplete }: JobCounts,
  nowMs: number,
): NonNullable<SlotSet['status']>['conditions'] {
  const hasNodes = spec.mode !== 'global-job' || toComplete > 0
  const isComplete = hasNodes && completed >= toComplete
  const time = formatTime(nowMs)
  const complete = setCondition(
    status?.conditions,
    {
      type: 'Complete',
      status: isComplete ? 'True' : 'False',
      reason: isComplete ? 'Completed' : hasNodes ? 'Running' : 'NoNodes',
      message: hasNodes ? `${completed} of ${toComplete} have ended well` : 'no node takes a task of it',
    },
    time,
  )
  const hasFailed = stopped > 0
  return setCondition(
    complete,
    {
      type: 'Failed',
      status: hasFailed ? 'True' : 'False',
      reason: hasFailed ? 'RestartsExhausted' : 'NoneStopped',
      message: hasFailed ? `the restart policy has given up ${stopped}` : 'none was given up',
    },
    time,
  )
}
