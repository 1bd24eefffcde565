import type { HungStep } from '../../guard/step-watch.js'
import { stepName } from '../../guard/work-records.js'
import type { Violation } from '../judge/invariants.js'
import type { Execution, TraceStep } from './execution.js'

/** A step that had to be ended. Its execution is told as far as it went, with that step as the last one. */
export class HungStepError extends Error {
  readonly execution: Execution
  readonly violation: Violation

  constructor(soFar: Execution, { action, place }: HungStep, stepTimeoutMs: number) {
    const { kind, actor, label } = action
    const at = place === undefined ? '' : `; it was at ${place}`
    super(
      `one step did not end within ${stepTimeoutMs} ms of real time: ${stepName(action)}${at}. ` +
        'Wait with ctx.env.clock.sleep or requeueAfter(ms), not in a loop',
    )
    this.name = 'HungStepError'
    const timeMs = soFar.trace.at(-1)?.timeMs ?? 0
    const last: TraceStep = { kind, actor, label, timeMs: timeMs + 1, isFault: false, isHung: true }
    this.violation = { invariant: 'noHotLoop', message: this.message }
    this.execution = { ...soFar, trace: [...soFar.trace, last], violation: this.violation }
  }
}
