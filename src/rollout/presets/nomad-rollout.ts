import { assertKnown, assertValid, knownOptions, parseDuration, wholeNumber } from '../../core/internal.js'
import { UNLIMITED_SECONDS } from './kubernetes-rollout.js'
import type { RolloutFields } from './rollout-fields.js'

/** A group's `update` block, in its words. */
export interface NomadUpdate {
  /** Allocations that are replaced at the same time; 0: all. Default 1. */
  readonly max_parallel?: number
  /** How long one must be healthy. Default `10s`. */
  readonly min_healthy_time?: string
  /** When one that is not healthy has failed. Default `5m`. */
  readonly healthy_deadline?: string
  /** Without progress for so long the deployment has failed; `0`: only by what is not healthy. Default `10m`. */
  readonly progress_deadline?: string
  /** Whether a failed deployment goes back to what was stable. Default false. */
  readonly auto_revert?: boolean
  /** Allocations beside all of the old ones, until they are promoted. Default 0. */
  readonly canary?: number
  /** Whether canaries that are healthy are promoted by themselves. Default false. */
  readonly auto_promote?: boolean
}

const KNOWN = /* @__PURE__ */ knownOptions<NomadUpdate>('nomadRollout', {
  max_parallel: true,
  min_healthy_time: true,
  healthy_deadline: true,
  progress_deadline: true,
  auto_revert: true,
  canary: true,
  auto_promote: true,
})

/**
 * A group's `update` block as the rollout fields of a Deployment, with Nomad's defaults. Old allocations go first, at most
 * `max_parallel` at once. `canary` becomes a step beside all of the stable ones, that waits for an approval called
 * `promote` unless `auto_promote` is set. What must be healthy by `healthy_deadline` must be ready `min_healthy_time` before. The first allocation that misses `healthy_deadline` fails it: Nomad freezes then,
 * and fails at the progress deadline. Without `auto_revert` a failure pauses.
 *
 * @throws UsageError for unknown fields; InvalidError when a value is not acceptable, the deadlines are out of order, or
 * `auto_promote` has no canary to promote
 */
export function nomadRollout(update: NomadUpdate = {}): RolloutFields {
  assertKnown(update, KNOWN)
  const { max_parallel = 1, canary = 0, auto_promote = false, auto_revert = false } = update
  const healthyMs = parseDuration(update.min_healthy_time ?? '10s', 'min_healthy_time')
  const readyMs = parseDuration(update.healthy_deadline ?? '5m', 'healthy_deadline')
  const progressMs = parseDuration(update.progress_deadline ?? '10m', 'progress_deadline')
  assertValid('update', [
    ...wholeNumber('max_parallel', max_parallel),
    ...wholeNumber('canary', canary),
    ...(healthyMs < readyMs
      ? []
      : [
          {
            field: 'healthy_deadline',
            value: update.healthy_deadline,
            message: 'must be above min_healthy_time',
          },
        ]),
    ...(progressMs === 0 || readyMs < progressMs
      ? []
      : [
          {
            field: 'progress_deadline',
            value: update.progress_deadline,
            message: 'must be 0, or above healthy_deadline',
          },
        ]),
    ...(auto_promote && canary === 0
      ? [{ field: 'auto_promote', value: true, message: 'needs a canary above 0' }]
      : []),
  ])
  const gates = auto_promote ? [] : [{ kind: 'approve', name: 'promote' } as const]
  return {
    strategy: {
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 0, maxUnavailable: max_parallel === 0 ? '100%' : max_parallel },
      ...(canary === 0 ? {} : { steps: [{ next: canary, stable: '100%', gates }] }),
    },
    minReadySeconds: Math.ceil(healthyMs / 1_000),
    // Healthy is ready for so long: what becomes ready later than that misses the deadline.
    readyWithinMs: readyMs - healthyMs,
    progressDeadlineSeconds: progressMs === 0 ? UNLIMITED_SECONDS : Math.ceil(progressMs / 1_000),
    onFailure: auto_revert ? 'revert' : 'pause',
  }
}
