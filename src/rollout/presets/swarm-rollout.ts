import type { FailureAction, FailurePolicy, IntOrPercent } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions, parseDuration, wholeNumber } from '../../core/internal.js'
import { UNLIMITED_SECONDS } from './kubernetes-rollout.js'
import type { RolloutFields } from './rollout-fields.js'

/** A service's `update_config`, in the words of a Compose file. */
export interface SwarmUpdateConfig {
  /** Tasks that are replaced at the same time; 0: all. Default 1. */
  readonly parallelism?: number
  /** How long each must run before the next ones follow. Default `0s`. */
  readonly delay?: string
  /** Default `pause`. */
  readonly failure_action?: 'pause' | 'continue' | 'rollback'
  /** How long a new task is watched. Default, and what `0s` means: `5s`. */
  readonly monitor?: string
  /** From 0 to 1: more failures than this share of the tasks are too many. Default 0: the first is. */
  readonly max_failure_ratio?: number
  /** Default `stop-first`. */
  readonly order?: 'stop-first' | 'start-first'
}

/** A service's `rollback_config`: how it goes back. The same words; a rollback is not rolled back itself. */
export interface SwarmRollbackConfig extends Omit<SwarmUpdateConfig, 'failure_action'> {
  /** Default `pause`. */
  readonly failure_action?: 'pause' | 'continue'
}

const KNOWN = /* @__PURE__ */ knownOptions<SwarmUpdateConfig>('swarmRollout', {
  parallelism: true,
  delay: true,
  failure_action: true,
  monitor: true,
  max_failure_ratio: true,
  order: true,
})
const ACTIONS: Readonly<Record<NonNullable<SwarmUpdateConfig['failure_action']>, FailureAction>> = {
  pause: 'pause',
  continue: 'continue',
  rollback: 'revert',
}
/** Docker's, also for a monitor of 0. */
const MONITOR_MS = 5_000
const ORDERS: readonly string[] = ['stop-first', 'start-first']

/**
 * A service's `update_config` and `rollback_config` as the rollout fields of a Deployment with that many replicas, with
 * Swarm's defaults.
 *
 * What is stopped first is missing, what is started first is on top, at most `parallelism` of them; `delay` becomes
 * `minReadySeconds`, rounded up; `max_failure_ratio` a number of failures, exact where Swarm divides floats; `monitor` a
 * soak at the end, as Swarm's: a second longer than `delay` where that is at least as long. There is no deadline. Unlike
 * Swarm's, a rollback goes to what succeeded last, and a failure counts however long the task had run before.
 *
 * @throws UsageError for unknown fields; InvalidError when a value is not acceptable
 */
export function swarmRollout(
  update: SwarmUpdateConfig,
  replicas: number,
  rollback: SwarmRollbackConfig = {},
): RolloutFields {
  assertValid('update_config', wholeNumber('replicas', replicas))
  const there = wayOf('update_config', update, replicas)
  const back = wayOf('rollback_config', rollback, replicas)
  return {
    strategy: {
      type: 'RollingUpdate',
      rollingUpdate: there.bounds,
      gates: [{ kind: 'soak', ms: there.soakMs }],
      rollback: {
        ...back.bounds,
        minReadySeconds: back.minReadySeconds,
        soakMs: back.soakMs,
        onFailure: back.onFailure,
      },
    },
    minReadySeconds: there.minReadySeconds,
    progressDeadlineSeconds: UNLIMITED_SECONDS,
    onFailure: there.onFailure,
  }
}

interface Way {
  readonly bounds: { readonly maxSurge: IntOrPercent; readonly maxUnavailable: IntOrPercent }
  readonly minReadySeconds: number
  readonly soakMs: number
  readonly onFailure: FailurePolicy
}

/** What one of the two says. */
function wayOf(of: 'update_config' | 'rollback_config', config: SwarmUpdateConfig, replicas: number): Way {
  assertKnown(config, KNOWN)
  const {
    parallelism = 1,
    failure_action = 'pause',
    max_failure_ratio: ratio = 0,
    order = 'stop-first',
  } = config
  const actions = Object.keys(ACTIONS).filter(action => of === 'update_config' || action !== 'rollback')
  assertValid(of, [
    ...wholeNumber('parallelism', parallelism),
    ...(ratio >= 0 && ratio <= 1
      ? []
      : [{ field: 'max_failure_ratio', value: ratio, message: 'must be a number from 0 to 1' }]),
    ...(actions.includes(failure_action)
      ? []
      : [{ field: 'failure_action', value: failure_action, message: `must be ${actions.join(' or ')}` }]),
    ...(ORDERS.includes(order)
      ? []
      : [{ field: 'order', value: order, message: 'must be stop-first or start-first' }]),
  ])
  const delayMs = parseDuration(config.delay ?? '0s', `${of}.delay`)
  const monitorMs = parseDuration(config.monitor ?? '0s', `${of}.monitor`) || MONITOR_MS
  const width = parallelism === 0 ? '100%' : parallelism
  const isStartFirst = order === 'start-first'
  return {
    bounds: { maxSurge: isStartFirst ? width : 0, maxUnavailable: isStartFirst ? 0 : width },
    minReadySeconds: Math.ceil(delayMs / 1_000),
    soakMs: delayMs >= monitorMs ? delayMs + 1_000 : monitorMs,
    onFailure: policyOf(ACTIONS[failure_action], ratio, replicas),
  }
}

/** The first number of failures beyond the share, in exact millionths; no number is beyond all of them. */
function policyOf(action: FailureAction, ratio: number, replicas: number): FailurePolicy {
  if (ratio === 1) return { action, crash: 'continue' }
  return { action, maxFailures: Math.floor((Math.round(ratio * 1_000_000) * replicas) / 1_000_000) }
}
