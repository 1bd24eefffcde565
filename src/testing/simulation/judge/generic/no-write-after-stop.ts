import { isOfProcess } from '../../world/action-of.js'
import type { Monitor } from '../invariant.js'

/** @param stopped names of processes that were stopped, and have said that they are */
export function noWriteAfterStopMonitor(stopped: ReadonlySet<string>): Monitor {
  /** Before the step: what a stop writes last may be what ends it. */
  let over: ReadonlySet<string> = new Set()
  return {
    step: ({ changes, step }) => {
      const isWrong = changes.length > 0 && isOfProcess(step) && over.has(step.actor)
      if (stopped.size !== over.size) over = new Set(stopped)
      return isWrong ? `${step.actor} has stopped, and writes: ${step.label}` : undefined
    },
  }
}
