/** One reason why a rollout is not further along than it is. Data first; `describeBlocker` is its text. */
export type Blocker =
  /** Instances of a template that is to stay are not available yet. */
  | { readonly kind: 'unready'; readonly template: string; readonly count: number }
  /** Available instances would leave, but availability is at or below the floor. */
  | { readonly kind: 'floor'; readonly template: string; readonly available: number; readonly floor: number }
  /** More instances are wanted, but the ceiling is reached. */
  | { readonly kind: 'ceiling'; readonly template: string; readonly live: number; readonly ceil: number }
  /** Instances of other templates must be gone first. */
  | { readonly kind: 'barrier'; readonly count: number }
  /** The last resize of a set has not been seen by its owner yet, so nothing is taken away. */
  | { readonly kind: 'unobserved'; readonly template: string }
  /** The traffic is not where the waypoint wants it, or what divides it has not acknowledged that yet. */
  | { readonly kind: 'traffic'; readonly acknowledged: boolean }
  /** Available instances would leave, and a DisruptionBudget allows no more of that now. */
  | {
      readonly kind: 'disruption'
      readonly template: string
      readonly count: number
      readonly budget: string
    }
  /** Paused by `spec.paused`, or by the failure policy. */
  | { readonly kind: 'paused'; readonly by: 'spec' | 'failure' }
  /** The rollout failed and may not go back, or has already done so. */
  | { readonly kind: 'halted' }
  /** The rollout was called off: what was stable serves until another template, an undo or a retry. */
  | { readonly kind: 'aborted' }
  /** The template failed before, as revision `entry`, and was reverted; it is not rolled out again until it changes. */
  | { readonly kind: 'refused'; readonly entry: number }
  /**
   * The waypoint is reached, and its gate has not passed. `untilMs`: when it will, or is worth another look. `failed`: it
   * has failed, and the failure policy says `continue`: another answer, or `promote`, lifts it.
   */
  | {
      readonly kind: 'gate'
      readonly waypoint: number
      readonly gate: string
      readonly untilMs?: number
      readonly failed?: true
    }
  /** A program that the rollout waits for has given no answer, for this reason; it is asked again. */
  | { readonly kind: 'unanswered'; readonly gate: string; readonly message: string }
  /** The strategy cannot be carried out: `message` says what of it is invalid; sizes are kept, healed and scaled until it changes. */
  | { readonly kind: 'invalid'; readonly message: string }
  /** Fewer are wanted, and that waits for the end of the rollout. */
  | { readonly kind: 'scale-down'; readonly desired: number; readonly kept: number }
  /** Nothing is desired, so the template cannot prove itself. */
  | { readonly kind: 'scaled-to-zero' }

/** A blocker as one short English phrase. */
export function describeBlocker(blocker: Blocker): string {
  switch (blocker.kind) {
    case 'unready':
      return `${blocker.count} of template ${blocker.template} not available yet`
    case 'floor':
      return `template ${blocker.template} must stay: ${blocker.available} available, at least ${blocker.floor} needed`
    case 'ceiling':
      return `no room to grow template ${blocker.template}: ${blocker.live} requested, at most ${blocker.ceil} allowed`
    case 'barrier':
      return `${blocker.count} of other templates must be gone first`
    case 'unobserved':
      return `the last resize of template ${blocker.template} has not been observed yet`
    case 'traffic':
      return blocker.acknowledged
        ? 'the traffic moves as instances become available'
        : 'the last division of the traffic has not been acknowledged yet'
    case 'disruption':
      return `${blocker.count} of template ${blocker.template} must stay: DisruptionBudget ${blocker.budget} allows no more now`
    case 'paused':
      return blocker.by === 'spec' ? 'paused' : 'paused by the failure policy'
    case 'halted':
      return 'halted after a failure'
    case 'aborted':
      return 'aborted: what was stable serves'
    case 'refused':
      return `the template is that of revision ${blocker.entry}, which failed and was reverted; change it`
    case 'gate':
      return `waypoint ${blocker.waypoint + 1} waits for ${blocker.gate}${blocker.failed === true ? ', which has failed' : ''}`
    case 'unanswered':
      return `"${blocker.gate}" has not answered: ${blocker.message}`
    case 'invalid':
      return blocker.message
    case 'scale-down':
      return `${blocker.desired} wanted; ${blocker.kept} stay until the rollout has ended`
    case 'scaled-to-zero':
      return 'scaled to zero: nothing can become available'
  }
}
