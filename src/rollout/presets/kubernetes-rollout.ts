import type { IntOrPercent, RolloutStops } from '../../core/internal.js'
import { assertValid, rollbackBounds, stopsProblems } from '../../core/internal.js'
import type { Program } from '../program.js'
import { recreate, rolling } from '../program.js'
import { waypointsOf } from '../strategy-waypoints.js'

/** A Deployment's `spec.strategy`, and its rollout fields beside it, as Kubernetes writes them. */
export interface KubernetesStrategy {
  readonly strategy?: RolloutStops & {
    readonly type: 'RollingUpdate' | 'Recreate'
    readonly rollingUpdate?: {
      readonly maxSurge?: IntOrPercent
      readonly maxUnavailable?: IntOrPercent
      /** Ours: tasks that are still stopping count against the ceiling. Default false. */
      readonly countStopping?: boolean
    }
  }
  /** Default 600; 2147483647 means never. */
  readonly progressDeadlineSeconds?: number
  /** Ours. Default: never. */
  readonly readyWithinMs?: number
  /** Ours. Default: never. */
  readonly finishWithinMs?: number
}

/** What Kubernetes does not know: acting on a failure. */
export type KubernetesFailure = Program['onFailure']

/** The number of seconds by which Kubernetes says "no limit". */
export const UNLIMITED_SECONDS = 2_147_483_647

/**
 * A Deployment's strategy as a program: surge rounds up, unavailability rounds down, and when both come out as 0 one
 * instance may be missing.
 *
 * @param failure default `{ action: 'continue' }`, which is all that Kubernetes does
 * @throws InvalidError when a number is not acceptable, or both bounds are a literal 0
 */
export function kubernetesProgram(
  spec: KubernetesStrategy,
  failure: KubernetesFailure = { action: 'continue' },
): Program {
  const { progressDeadlineSeconds: seconds = 600, readyWithinMs = Infinity, finishWithinMs = Infinity } = spec
  const progressWithinMs = seconds === UNLIMITED_SECONDS ? Infinity : seconds * 1000
  const options = { progressWithinMs, readyWithinMs, finishWithinMs, onFailure: failure }
  const { strategy = { type: 'RollingUpdate' } } = spec
  const isRecreate = strategy.type === 'Recreate'
  assertValid('program', stopsProblems(strategy, isRecreate, 'strategy'))
  const program = isRecreate
    ? recreate(options)
    : rolling({ ...options, ...strategy.rollingUpdate, giveWay: 'unavailable' })
  const rollback = strategy.rollback && rollbackOf(strategy.rollback)
  const waypoints = waypointsOf(strategy, isRecreate)
  const { scaleDownDuringRollout } = strategy
  return {
    ...program,
    waypoints,
    ...(rollback === undefined ? {} : { rollback }),
    ...(scaleDownDuringRollout === undefined ? {} : { scaleDownDuringRollout }),
  }
}

function rollbackOf(given: NonNullable<RolloutStops['rollback']>): NonNullable<Program['rollback']> {
  const { countStopping, soakMs, onFailure } = given
  const bounds = rollbackBounds(given)
  return {
    ...(bounds === undefined
      ? {}
      : {
          budget: {
            ...bounds,
            ...(countStopping === undefined ? {} : { countStopping }),
            giveWay: 'unavailable',
          },
        }),
    ...(soakMs === undefined ? {} : { soakMs }),
    ...(onFailure === undefined
      ? {}
      : { onFailure: typeof onFailure === 'string' ? { action: onFailure } : onFailure }),
  }
}
