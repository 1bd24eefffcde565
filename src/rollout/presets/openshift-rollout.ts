import { InvalidError } from '../../core/index.js'
import type { IntOrPercent, RolloutHook } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { RolloutFields } from './rollout-fields.js'

/** What follows when a hook fails: the deployment, another try, or nothing. What it runs is the controller's gate of its name. */
export interface OpenShiftHook {
  readonly failurePolicy: 'Abort' | 'Retry' | 'Ignore'
  /** What it runs there. Not read: the gate runs, and the rollout waits while the controller has none of that name. */
  readonly execNewPod?: object
}

/** The parts of a `DeploymentConfig`'s spec that say how it is rolled out, in its words. */
export interface OpenShiftRollout {
  readonly strategy?: {
    /** Default `Rolling`. */
    readonly type?: 'Rolling' | 'Recreate'
    readonly rollingParams?: {
      /** Default `25%`. */
      readonly maxSurge?: IntOrPercent
      /** Default `25%`. */
      readonly maxUnavailable?: IntOrPercent
      /** Without progress for so long it has failed. Default 600. */
      readonly timeoutSeconds?: number
      readonly pre?: OpenShiftHook
      readonly post?: OpenShiftHook
    }
    readonly recreateParams?: {
      /** Default 600. */
      readonly timeoutSeconds?: number
      readonly pre?: OpenShiftHook
      readonly mid?: OpenShiftHook
      readonly post?: OpenShiftHook
    }
  }
  readonly minReadySeconds?: number
}

const CONFIG = /* @__PURE__ */ knownOptions<OpenShiftRollout>('openshiftRollout', {
  strategy: true,
  minReadySeconds: true,
})
type Strategy = NonNullable<OpenShiftRollout['strategy']>
const STRATEGY = /* @__PURE__ */ knownOptions<Strategy>('openshiftRollout.strategy', {
  type: true,
  rollingParams: true,
  recreateParams: true,
})
const ROLLING = /* @__PURE__ */ knownOptions<NonNullable<Strategy['rollingParams']>>(
  'openshiftRollout.strategy.rollingParams',
  { maxSurge: true, maxUnavailable: true, timeoutSeconds: true, pre: true, post: true },
)
const RECREATE = /* @__PURE__ */ knownOptions<NonNullable<Strategy['recreateParams']>>(
  'openshiftRollout.strategy.recreateParams',
  { timeoutSeconds: true, pre: true, mid: true, post: true },
)
const HOOK = /* @__PURE__ */ knownOptions<OpenShiftHook>('openshiftRollout hook', {
  failurePolicy: true,
  execNewPod: true,
})
/** `Retry` ends with the deadline there. */
const RETRIES = 100

/**
 * A `DeploymentConfig`'s strategy as the rollout fields of a Deployment. Its hooks are the controller's gates `pre`, `mid` and
 * `post`. Whatever fails, the template stays, and what was complete last gets the replicas; a retry tries again. How often
 * it polls has no counterpart: nothing is polled here.
 *
 * @throws UsageError for unknown fields; InvalidError when a value is not acceptable, or the parameters are those of the
 * other type
 */
export function openshiftRollout(config: OpenShiftRollout = {}): RolloutFields {
  assertKnown(config, CONFIG)
  const { strategy = {}, minReadySeconds } = config
  assertKnown(strategy, STRATEGY)
  const { type = 'Rolling', rollingParams, recreateParams } = strategy
  if (type !== 'Rolling' && type !== 'Recreate')
    throw new InvalidError('deployment config', [
      { field: 'strategy.type', value: type, message: 'must be Rolling or Recreate' },
    ])
  const [other, given] =
    type === 'Rolling'
      ? (['recreateParams', recreateParams] as const)
      : (['rollingParams', rollingParams] as const)
  if (given !== undefined) {
    const message = `has no meaning for the type ${type}; leave it out`
    throw new InvalidError('deployment config', [{ field: `strategy.${other}`, value: given, message }])
  }
  const { timeoutSeconds = 600 } = rollingParams ?? recreateParams ?? {}
  assertValid('deployment config', wholeNumber('timeoutSeconds', timeoutSeconds, { min: 1 }))
  return {
    strategy: type === 'Rolling' ? rollingOf(rollingParams ?? {}) : recreateOf(recreateParams ?? {}),
    progressDeadlineSeconds: timeoutSeconds,
    ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
    onFailure: { action: 'abort', crash: 'continue', readiness: 'continue' },
  }
}

function rollingOf(params: NonNullable<Strategy['rollingParams']>): RolloutFields['strategy'] {
  assertKnown(params, ROLLING)
  const { maxSurge = '25%', maxUnavailable = '25%', pre, post } = params
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable }, ...hooksOf({ pre, post }) }
}

function recreateOf(params: NonNullable<Strategy['recreateParams']>): RolloutFields['strategy'] {
  assertKnown(params, RECREATE)
  const { pre, mid, post } = params
  return { type: 'Recreate', ...hooksOf({ pre, mid, post }) }
}

function hooksOf(
  given: Readonly<Record<string, OpenShiftHook | undefined>>,
): Pick<RolloutFields['strategy'], 'hooks'> {
  const named = Object.entries(given).flatMap(([name, hook]) =>
    hook === undefined ? [] : [[name, [hookOf(name, hook)]] as const],
  )
  return named.length === 0 ? {} : { hooks: Object.fromEntries(named) }
}

function hookOf(name: string, hook: OpenShiftHook): RolloutHook {
  assertKnown(hook, HOOK)
  const { failurePolicy } = hook
  switch (failurePolicy) {
    case 'Abort':
      return { name }
    case 'Retry':
      return { name, retries: RETRIES }
    case 'Ignore':
      return { name, ignoreFailure: true }
    default: {
      const message = 'must be Abort, Retry or Ignore'
      throw new InvalidError('deployment config', [
        { field: `${name}.failurePolicy`, value: failurePolicy, message },
      ])
    }
  }
}
