import { isOfProcess } from '../../actions/action.js'
import type { Monitor } from '../invariant.js'

/** @param stopped names of processes that were stopped, and have said that they are */
export function noWriteAfterStopMonitor(stopped: ReadonlySet<string>): Monitor {
  return {
    step: ({ changes, step }) =>
      changes.length > 0 && isOfProcess(step) && stopped.has(step.actor)
        ? `${step.actor} has stopped, and writes: ${step.label}`
        : undefined,
  }
}
