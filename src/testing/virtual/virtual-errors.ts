import { KeelsonError } from '../../core/index.js'
import type { PendingWork } from './pending-work.js'
import { describePending } from './pending-work.js'

/** A virtual environment waited for something that did not come. `code` is `Timeout`. */
export class VirtualTimeoutError extends KeelsonError {
  readonly pending: readonly PendingWork[]

  constructor(what: string, pending: readonly PendingWork[], nowMs: number) {
    super({
      code: 'Timeout',
      message: `${what}; ${describePending(pending, nowMs)}`,
      details: { pending, nowMs },
    })
    this.pending = pending
  }
}

/**
 * Work that makes ever more work at one instant of virtual time. `code` is `Timeout`;
 * `labels` names the most frequent steps, most frequent first.
 */
export class LivelockError extends KeelsonError {
  /** Labels of steps, and how often each ran. */
  readonly labels: readonly { readonly label: string; readonly count: number }[]

  constructor(stepsMax: number, labels: LivelockError['labels']) {
    const worst = labels.map(({ label, count }) => `${count} × ${label}`).join(', ')
    super({
      code: 'Timeout',
      message: `no rest after ${stepsMax} steps at one instant: ${worst}. Something re-arms itself without a delay, or raise stepsMax`,
      details: { stepsMax, labels },
    })
    this.labels = labels
  }
}
