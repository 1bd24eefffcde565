import type { Cancel, Env } from '../../core/index.js'

/** Someone who is served in steps of an env. */
export interface Receiver {
  readonly env: Env
  /** What is delivered, for those who look at steps. */
  readonly label: string
  /** Hands out at most `revisionsMax` batches; says how many it did. */
  receive(revisionsMax: number): number
}

/** Revisions handled in one step, over all whom it serves; then others get their turn. */
const STEP_REVISIONS_MAX = 1_000

interface Step {
  readonly env: Env
  /** Those who were served or left are undefined. */
  readonly receivers: (Receiver | undefined)[]
  /** The first who was not served yet. */
  next: number
  /** How many have left before they were served. */
  left: number
  cancel: Cancel
}

/** A place in a step to come. */
export interface StepPlace {
  readonly step: Step
  readonly index: number
}

/**
 * The steps that deliver one channel. Those who wait for the same revisions in the same env share a step: a revision
 * costs one step, however many want it.
 */
export class DeliverySteps {
  #pending: Step[] = []

  /** The receiver is served in the next step of its env. */
  join(receiver: Receiver): StepPlace {
    const { env } = receiver
    const pending = this.#pending
    let step: Step | undefined
    for (let index = 0; index < pending.length && step === undefined; index++)
      if (pending[index]?.env === env) step = pending[index]
    if (step === undefined) {
      step = { env, receivers: [], next: 0, left: 0, cancel: () => {} }
      this.#defer(step, receiver.label)
    }
    return { step, index: step.receivers.push(receiver) - 1 }
  }

  /** A step that nobody waits for any more is cancelled. */
  leave({ step, index }: StepPlace): void {
    if (step.receivers[index] === undefined) return
    step.receivers[index] = undefined
    step.left++
    if (step.next + step.left < step.receivers.length) return
    step.cancel()
    this.#forget(step)
  }

  #defer(step: Step, label: string): void {
    this.#pending.push(step)
    step.cancel = step.env.tasks.defer(() => this.#run(step), { kind: 'deliver', label })
  }

  #run(step: Step): void {
    // Whoever is woken from now on is served in another step.
    this.#forget(step)
    const { receivers } = step
    let budget = STEP_REVISIONS_MAX
    while (step.next < receivers.length) {
      const receiver = receivers[step.next]
      if (receiver !== undefined) {
        if (budget <= 0) {
          this.#defer(step, receiver.label)
          return
        }
        receivers[step.next] = undefined
        budget -= Math.max(1, receiver.receive(budget))
      } else step.left--
      step.next++
    }
  }

  #forget(step: Step): void {
    this.#pending = this.#pending.filter(other => other !== step)
  }
}
