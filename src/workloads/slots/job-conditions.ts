import type { SlotSet } from '../../api/index.js'
import { formatTime, setCondition } from '../../core/index.js'

/** Slots, or nodes, of a job. */
export interface JobCounts {
  readonly completed: number
  readonly stopped: number
  readonly desired: number
}

/** What a job says of itself: `Complete` when all have ended well, `Failed` when some are given up. Pure. */
export function jobConditions(
  { spec, status }: SlotSet,
  { completed, stopped, desired }: JobCounts,
  nowMs: number,
): NonNullable<SlotSet['status']>['conditions'] {
  const { maxConcurrent = 1, totalCompletions = maxConcurrent } = spec
  const wanted = spec.mode === 'global-job' ? desired : totalCompletions
  const isComplete = completed >= wanted
  const time = formatTime(nowMs)
  const complete = setCondition(
    status?.conditions,
    {
      type: 'Complete',
      status: isComplete ? 'True' : 'False',
      reason: isComplete ? 'Completed' : 'Running',
      message: `${completed} of ${wanted} have ended well`,
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
