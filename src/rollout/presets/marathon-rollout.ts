import { InvalidError } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { BudgetSpec } from '../budget.js'
import { resolveBudget } from '../budget.js'
import { UNLIMITED_SECONDS } from './kubernetes-rollout.js'
import type { RolloutFields } from './rollout-fields.js'

/** An app's `upgradeStrategy`: fractions of `instances`. */
export interface MarathonUpgradeStrategy {
  /** 0..1; how much must stay healthy, rounded up. Default 1; 0.5 for a resident app. */
  readonly minimumHealthCapacity?: number
  /** 0..1; how much may run on top, rounded down. Default 1; must be 0 for a resident app. */
  readonly maximumOverCapacity?: number
  /** True for an app with local volumes, of which there is never one too many. Default false. */
  readonly resident?: boolean
}

const KNOWN = /* @__PURE__ */ knownOptions<MarathonUpgradeStrategy>('marathonBudget', {
  minimumHealthCapacity: true,
  maximumOverCapacity: true,
  resident: true,
})

/**
 * An upgrade strategy as a budget. Exact, where Marathon multiplies floats: 7% of 100 is 7 here and 8 there.
 *
 * When neither side leaves room, one extra instance may run, or, for a resident app, one may be missing.
 *
 * @throws UsageError for unknown fields; InvalidError when a fraction is outside 0..1
 */
export function marathonBudget(strategy: MarathonUpgradeStrategy = {}): BudgetSpec {
  assertKnown(strategy, KNOWN)
  const resident = strategy.resident === true
  const minimum = millionths(strategy.minimumHealthCapacity ?? (resident ? 0.5 : 1), 'minimumHealthCapacity')
  const over = millionths(strategy.maximumOverCapacity ?? (resident ? 0 : 1), 'maximumOverCapacity')
  if (resident && over > 0) {
    throw new InvalidError('upgradeStrategy', [
      {
        field: 'maximumOverCapacity',
        value: strategy.maximumOverCapacity,
        message: 'must be 0 for a resident app',
      },
    ])
  }
  return {
    maxSurge: `${over / 10_000}%`,
    maxUnavailable: `${(1_000_000 - minimum) / 10_000}%`,
    surgeRounding: 'down',
    giveWay: resident ? 'unavailable' : 'surge',
  }
}

/**
 * An upgrade strategy as the rollout fields of a Deployment with that many instances, in counts. As Marathon's it has no
 * deadline and answers no failure: what ends is started again.
 *
 * @throws InvalidError as `marathonBudget` does
 */
export function marathonRollout(strategy: MarathonUpgradeStrategy, instances: number): RolloutFields {
  // With nothing to run, any strategy is as good as one instance's.
  const { surge, unavailable } = resolveBudget(marathonBudget(strategy), Math.max(1, instances))
  return {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
    progressDeadlineSeconds: UNLIMITED_SECONDS,
    onFailure: 'continue',
  }
}

function millionths(fraction: number, field: string): number {
  if (fraction >= 0 && fraction <= 1) return Math.round(fraction * 1_000_000)
  throw new InvalidError('upgradeStrategy', [
    { field, value: fraction, message: 'must be a fraction from 0 to 1' },
  ])
}
