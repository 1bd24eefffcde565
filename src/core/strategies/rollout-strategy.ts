import type { FieldProblem } from '../errors.js'
import { isKeelsonError } from '../errors.js'
import { isRecord } from '../json/record.js'
import type { FailureAction, FailurePolicy } from '../shapes/failure-policy.js'
import { failurePolicyProblems } from '../shapes/failure-policy.js'
import type { Amount, IntOrPercent } from '../shapes/int-or-percent.js'
import { parseIntOrPercent } from '../shapes/int-or-percent.js'
import type { RollingBounds } from '../shapes/rolling-bounds.js'
import { rollingBoundsProblems } from '../shapes/rolling-bounds.js'
import { wholeNumber } from '../whole-number.js'
import type { Gate } from './rollout-gate.js'
import { gateProblems } from './rollout-gate.js'

/** A place that a rollout passes through: how many instances of which template there are, and what must hold there. */
export interface RolloutStep {
  /** New instances: a count (at most the desired one counts), or a share of it, rounded up. */
  readonly next: IntOrPercent
  /** Those of the stable template: a count, or a share, rounded up. Default: the rest of the desired count. */
  readonly stable?: IntOrPercent
  /** Share of the traffic that the new template gets there, for example `10%`. Default: that of its instances. */
  readonly route?: string
  /**
   * What must hold, all of it, before the rollout goes further. The first template of all, and one that was stable
   * before, pass without, hooks aside. Default: nothing. At most 32.
   */
  readonly gates?: readonly Gate[]
}

/** A program of the controller's owner that a rollout waits for, by the name under which it is registered. */
export interface RolloutHook {
  readonly name: string
  /** How often it is run again after it failed. Default 0. */
  readonly retries?: number
  /** Whether the rollout continues when it has failed. Default false. */
  readonly ignoreFailure?: boolean
}

/** What a strategy adds to its bounds: a way with stops. */
export interface RolloutStops {
  /** Stops on the way to 100%, which is added where it is missing. A share alone is a stop without gates. At most 63. */
  readonly steps?: readonly (IntOrPercent | RolloutStep)[]
  /** All of the new template beside all of the stable one; then the traffic moves at once. Instead of `steps`. */
  readonly blueGreen?: {
    /** What must hold before the traffic moves. Default: nothing. */
    readonly gates?: readonly Gate[]
    /** How long the stable template stays after that. Default 30,000. */
    readonly holdMs?: number
  }
  /** Name of the Service whose traffic is divided between the templates on the way. Default: none is. */
  readonly service?: string
  /**
   * Whether a lower count counts at once, its shares in proportion, or once the rollout has ended: then an autoscaler that
   * is misled by a rollout takes nothing away. A count of 0, and a pause, wait for nothing. Default `allow`.
   */
  readonly scaleDownDuringRollout?: 'allow' | 'defer'
  /** Held at every stop, after its own, and before the rollout succeeds. Default: nothing. */
  readonly gates?: readonly Gate[]
  /** What runs before the first new instance, between the two of a `Recreate`, and at the end. */
  readonly hooks?: {
    readonly pre?: readonly RolloutHook[]
    readonly mid?: readonly RolloutHook[]
    readonly post?: readonly RolloutHook[]
  }
  /** What is otherwise on the way back: of a revert, an undo, and a rollout that was called off. Default: nothing. */
  readonly rollback?: {
    /** With `maxUnavailable` the bounds of the way back: one alone leaves the other at 25%. Default: those of the way there. */
    readonly maxSurge?: IntOrPercent
    readonly maxUnavailable?: IntOrPercent
    /** Default false, if one of the two is given. */
    readonly countStopping?: boolean
    /** Default: that of the way there. */
    readonly minReadySeconds?: number
    /** How long what it goes back to must hold at the end, instead of gates other than hooks. Default: those gates. */
    readonly soakMs?: number
    /** Default: that of the way there. */
    readonly onFailure?: FailureAction | FailurePolicy
  }
}

/** Waypoints of one program. */
export const WAYPOINTS_MAX = 64
const WHOLE = 1_000_000

/** What is wrong with the stops of a strategy, each with the path of its field. */
export function stopsProblems(
  { steps = [], blueGreen, gates = [], hooks = {}, service, rollback }: RolloutStops,
  isRecreate: boolean,
  at: string,
): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  const refuse = (field: string, value: unknown, message: string): void => {
    problems.push({ field: `${at}.${field}`, value, message })
  }
  if (isRecreate && steps.length > 0) refuse('steps', steps, 'have no meaning for Recreate; leave them out')
  if (isRecreate && blueGreen !== undefined)
    refuse('blueGreen', blueGreen, 'has no meaning for Recreate; leave it out')
  if (!isRecreate && hooks.mid !== undefined)
    refuse('hooks.mid', hooks.mid, 'is for Recreate: at no other time is nothing there')
  if (steps.length > 0 && blueGreen !== undefined)
    refuse('blueGreen', blueGreen, 'cannot be had together with steps')
  if (steps.length >= WAYPOINTS_MAX)
    refuse('steps', steps.length, `must be at most ${WAYPOINTS_MAX - 1} steps`)
  if (service === '') refuse('service', service, 'must be the name of a Service')
  for (const [index, step] of steps.entries())
    if (service === undefined && isRecord(step) && step['route'] !== undefined)
      refuse(`steps[${index}].route`, step['route'], 'needs a service, whose traffic is divided')
  problems.push(...gateProblems(gates, `${at}.gates`), ...stepsProblems(steps, `${at}.steps`))
  if (blueGreen?.gates !== undefined) problems.push(...gateProblems(blueGreen.gates, `${at}.blueGreen.gates`))
  if (blueGreen?.holdMs !== undefined)
    problems.push(...wholeNumber(`${at}.blueGreen.holdMs`, blueGreen.holdMs))
  for (const when of ['pre', 'mid', 'post'] as const)
    for (const [index, { name, retries = 0 }] of (hooks[when] ?? []).entries()) {
      if (name === '') refuse(`hooks.${when}[${index}].name`, name, 'must be a name')
      problems.push(...wholeNumber(`${at}.hooks.${when}[${index}].retries`, retries, { max: 100 }))
    }
  return rollback === undefined
    ? problems
    : [...problems, ...rollbackProblems(rollback, isRecreate, `${at}.rollback`)]
}

/** The bounds of the way back, if it has bounds of its own. */
export function rollbackBounds({
  maxSurge,
  maxUnavailable,
}: NonNullable<RolloutStops['rollback']>): RollingBounds | undefined {
  if (maxSurge === undefined && maxUnavailable === undefined) return undefined
  return {
    ...(maxSurge === undefined ? {} : { maxSurge }),
    ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
  }
}

function rollbackProblems(
  rollback: NonNullable<RolloutStops['rollback']>,
  isRecreate: boolean,
  at: string,
): readonly FieldProblem[] {
  const { minReadySeconds = 0, soakMs = 0, onFailure = {}, countStopping } = rollback
  const bounds = rollbackBounds(rollback)
  const message = isRecreate
    ? 'has no meaning for Recreate; leave it out'
    : 'needs maxSurge or maxUnavailable beside it'
  const isAlone = countStopping !== undefined && bounds === undefined
  return [
    ...wholeNumber(`${at}.minReadySeconds`, minReadySeconds),
    ...wholeNumber(`${at}.soakMs`, soakMs),
    ...(typeof onFailure === 'string' ? [] : failurePolicyProblems(onFailure, `${at}.onFailure`)),
    ...(isAlone ? [{ field: `${at}.countStopping`, value: countStopping, message }] : []),
    ...(bounds === undefined
      ? []
      : isRecreate
        ? [{ field: `${at}.maxUnavailable`, value: rollback.maxUnavailable, message }]
        : rollingBoundsProblems(bounds, { at: `${at}.` })),
  ]
}

/** What is wrong with steps: shares that cannot be read, are above 100%, or go back; and their gates. */
export function stepsProblems(
  steps: readonly (IntOrPercent | RolloutStep)[],
  at: string,
): readonly FieldProblem[] {
  let before: { readonly amount: Amount; readonly value: IntOrPercent } | undefined
  return steps.flatMap((step, index) => {
    const { next, stable, gates, route } = isRecord(step)
      ? (step as RolloutStep)
      : { next: step as IntOrPercent }
    const path = isRecord(step) ? `${at}[${index}].next` : `${at}[${index}]`
    const { amount, problems } = shareProblems(next, path)
    const found = [...problems]
    if (amount !== undefined && before?.amount.kind === amount.kind && size(amount) < size(before.amount)) {
      const message = `must not be below the step before it, which is ${before.value}`
      found.push({ field: path, value: next, message })
    }
    if (amount !== undefined) before = { amount, value: next }
    if (stable !== undefined) found.push(...stableProblems(stable, amount, `${at}[${index}].stable`))
    if (route !== undefined) found.push(...routeProblems(route, `${at}[${index}].route`))
    if (gates !== undefined) found.push(...gateProblems(gates, `${at}[${index}].gates`))
    return found
  })
}

function stableProblems(
  stable: IntOrPercent,
  next: Amount | undefined,
  field: string,
): readonly FieldProblem[] {
  const { amount, problems } = shareProblems(stable, field)
  const areShares = amount?.kind === 'share' && next?.kind === 'share'
  if (!areShares || size(amount) + size(next) >= WHOLE) return problems
  const message = 'must come to at least 100% with next, or fewer than are wanted would be left there'
  return [{ field, value: stable, message }]
}

function routeProblems(route: string, field: string): readonly FieldProblem[] {
  const { amount, problems } = shareProblems(route, field)
  return amount?.kind === 'count'
    ? [{ field, value: route, message: 'must be a share of the traffic, for example "10%"' }]
    : problems
}

function shareProblems(
  value: IntOrPercent,
  field: string,
): { readonly amount?: Amount; readonly problems: readonly FieldProblem[] } {
  try {
    const amount = parseIntOrPercent(value, field)
    return amount.kind === 'share' && amount.millionths > WHOLE
      ? { problems: [{ field, value, message: 'must be at most 100%' }] }
      : { amount, problems: [] }
  } catch (error) {
    if (isKeelsonError(error, 'Invalid')) return { problems: error.details.problems }
    throw error
  }
}

function size(amount: Amount): number {
  return amount.kind === 'count' ? amount.count : amount.millionths
}
